import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** PEM texts. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** PEM of its own certificate: what those who trust it need. */
  readonly ca: string;
  /** A certificate for loopback (127.0.0.1, ::1, localhost), good for servers and clients. */
  readonly issue: (name: string) => Identity;
}

/** A certificate authority that lives as long as the test. No program is needed for it. */
export function createAuthority(name: string): Authority {
  const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issuer = { name, key: keys.privateKey };
  return {
    ca: certificate({ subject: name, publicKey: keys.publicKey, issuer, extension: IS_AUTHORITY }),
    issue: (subject) => {
      const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      return {
        cert: certificate({ subject, publicKey, issuer, extension: FOR_LOOPBACK }),
        key: privateKey.export({ type: "pkcs8", format: "pem" }),
      };
    },
  };
}

/* DER, as far as an X.509 certificate (RFC 5280) needs it. */

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const set = (...parts: readonly Uint8Array[]): Buffer => der(0x31, ...parts);
const oid = (...bytes: readonly number[]): Buffer => der(0x06, Buffer.from(bytes));
const octets = (bytes: Uint8Array): Buffer => der(0x04, bytes);
const bits = (bytes: Uint8Array): Buffer => der(0x03, Buffer.from([0]), bytes);
const text = (value: string): Buffer => der(0x0c, Buffer.from(value));
const commonName = (name: string): Buffer => sequence(set(sequence(oid(0x55, 4, 3), text(name))));
const time = (at: Date): Buffer =>
  der(0x18, Buffer.from(`${at.toISOString().replaceAll(/[-:T]|\.\d+Z/g, "")}Z`));

const ECDSA_WITH_SHA256 = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2));
const TRUE = Buffer.from([0x01, 0x01, 0xff]);
const IS_AUTHORITY = sequence(oid(0x55, 0x1d, 0x13), TRUE, octets(sequence(TRUE)));
const FOR_LOOPBACK = sequence(
  oid(0x55, 0x1d, 0x11),
  octets(
    sequence(
      der(0x82, Buffer.from("localhost")),
      der(0x87, Buffer.from([127, 0, 0, 1])),
      der(0x87, Buffer.from([...Array<number>(15).fill(0), 1])),
    ),
  ),
);

interface Request {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly issuer: { readonly name: string; readonly key: KeyObject };
  readonly extension: Buffer;
}

let serial = 0;
const DAY_MS = 86_400_000;

function certificate({ subject, publicKey, issuer, extension }: Request): string {
  serial += 1;
  const now = Date.now();
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([serial])),
    ECDSA_WITH_SHA256,
    commonName(issuer.name),
    sequence(time(new Date(now - DAY_MS)), time(new Date(now + DAY_MS))),
    commonName(subject),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(extension)),
  );
  const whole = sequence(body, ECDSA_WITH_SHA256, bits(sign("sha256", body, issuer.key)));
  return `-----BEGIN CERTIFICATE-----\n${whole.toString("base64")}\n-----END CERTIFICATE-----\n`;
}
