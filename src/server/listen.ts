import type { FastifyInstance } from "fastify";

/** The address cannot be listened on. The message says why and what to change. */
export class ListenError extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = "ListenError";
  }
}

/** Begins to answer; resolves to the address, such as `http://127.0.0.1:9480`. Throws ListenError. */
export async function listen(
  app: FastifyInstance,
  at: { readonly host: string; readonly port: number },
): Promise<string> {
  try {
    return await app.listen(at);
  } catch (error) {
    throw new ListenError(sentence(at, error as NodeJS.ErrnoException), error);
  }
}

function sentence({ host, port }: { host: string; port: number }, error: NodeJS.ErrnoException): string {
  const cannot = `cannot listen on ${host} port ${port}`;
  switch (error.code) {
    case "EADDRINUSE":
      return `${cannot}: another process does. End that one, or choose another port with ROLLBACKD_HTTP_PORT.`;
    case "EACCES":
      return `${cannot}: not allowed. Choose a port above 1023 with ROLLBACKD_HTTP_PORT.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `${cannot}: this machine has no such address (${error.code}). Correct ROLLBACKD_HTTP_HOST; 127.0.0.1 and 0.0.0.0 exist everywhere.`;
    default:
      return `${cannot}: ${error.message}. Correct ROLLBACKD_HTTP_HOST or ROLLBACKD_HTTP_PORT.`;
  }
}
