import { STATUS_CODES } from "node:http";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";

/** Answers with a problem document (RFC 9457): the same shape for every error. */
export function sendProblem(
  reply: FastifyReply,
  status: number,
  detail: string,
  extra: Readonly<Record<string, unknown>> = {},
): FastifyReply {
  return reply
    .code(status)
    .type("application/problem+json")
    .send({ type: "about:blank", title: STATUS_CODES[status], status, detail, ...extra });
}

export function notFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return sendProblem(reply, 404, `There is nothing at ${request.method} ${pathOf(request)}.`);
}

/** A caller's mistake is explained to the caller; ours is reported, and the caller learns only that it is ours. */
export function onError(report: (error: unknown) => void) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const status = error.statusCode ?? 500;
    if (status < 500) return sendProblem(reply, status, sentence(error));
    report(error);
    return sendProblem(
      reply,
      500,
      `${request.method} ${pathOf(request)} failed; the process's log says why.`,
    );
  };
}

function sentence({ message, validation, validationContext }: FastifyError): string {
  const [first] = validation ?? [];
  if (first === undefined) return message;
  const kind = validationContext === "querystring" ? "query parameter" : "field";
  const unknown = first.params["additionalProperty"];
  if (typeof unknown === "string") return `The ${kind} \`${unknown}\` is not known here; leave it out.`;
  const missing = first.params["missingProperty"];
  if (typeof missing === "string") return `The ${kind} \`${missing}\` is missing.`;
  const allowed: unknown = first.params["allowedValues"];
  const among = Array.isArray(allowed) ? `: ${allowed.join(", ")}` : "";
  const name = first.instancePath.slice(1).replaceAll("/", ".");
  return name === "" ? message : `The ${kind} \`${name}\` ${first.message ?? "is not right"}${among}.`;
}

function pathOf(request: FastifyRequest): string {
  return request.url.split("?")[0] ?? "";
}
