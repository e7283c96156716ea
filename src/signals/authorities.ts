import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

/**
 * The PEM file of those who are trusted. Throws when it cannot be read or holds no certificate: TLS would take such a
 * text for a list of nobody, and then refuse everybody.
 */
export function readAuthorities(file: string): string {
  const pem = readFileSync(file, "utf8");
  try {
    void new X509Certificate(pem);
  } catch (error) {
    throw new Error(`${file} holds no certificate in PEM`, { cause: error });
  }
  return pem;
}
