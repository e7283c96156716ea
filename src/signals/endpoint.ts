/** Where a Prometheus answers. */
export interface Endpoint {
  /** Scheme, host, port and path prefix, without credentials and trailing slash: fit to be shown. */
  readonly base: string;
  /** `Authorization` made from `user:password@` in the address, where it had that. */
  readonly authorization: string | undefined;
}

/** Throws a TypeError that says what is wrong with the address, without repeating credentials. */
export function parseEndpoint(address: string): Endpoint {
  if (!URL.canParse(address)) {
    throw new TypeError("the Prometheus address is no URL; expected something like http://prometheus:9090");
  }
  const url = new URL(address);
  const base = `${url.origin}${url.pathname.replace(/\/+$/u, "")}`;
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new TypeError(`a Prometheus address begins with http:// or https://, not ${url.protocol}//`);
  }
  if (url.search !== "" || url.hash !== "") {
    throw new TypeError(
      `the Prometheus address ${base} may have a path but no query or fragment; leave out what follows it`,
    );
  }
  return { base, authorization: basic(url) };
}

function basic({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  const plain = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(plain).toString("base64")}`;
}
