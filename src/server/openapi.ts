import { NO_QUERY, PROBLEM } from "./schemas.ts";
import type { Route } from "./route.ts";

/** OpenAPI 3.1 of the routes, from the schemas that check their requests. */
export function openapi(version: string, routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/gu, "{$1}");
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "rollbackd",
      version,
      description:
        "Reading needs no token from the same machine; everything else needs `Authorization: Bearer TOKEN`.",
    },
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
      schemas: { Problem: PROBLEM },
    },
  };
}

function operation({ summary, path, query, body, answers, permission }: Route): object {
  const good = Object.entries(answers).map(([status, { description, schema, type }]) => [
    status,
    { description, content: { [type ?? "application/json"]: { schema } } },
  ]);
  const scope = `Scope \`${permission.scope}\`, in Kubernetes the verb \`${permission.verb}\`.`;
  return {
    summary,
    description: scope,
    parameters: [...pathParameters(path), ...queryParameters(query)],
    ...(body && { requestBody: { content: { "application/json": { schema: body } } } }),
    responses: {
      ...Object.fromEntries(good),
      default: {
        description: "a problem document (RFC 9457)",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
  };
}

function pathParameters(path: string): readonly object[] {
  return [...path.matchAll(/:(\w+)/gu)].map(([, name]) => ({
    name,
    in: "path",
    required: true,
    schema: { type: "string" },
  }));
}

function queryParameters(query: Route["query"] = NO_QUERY): readonly object[] {
  const { properties = {} } = query as { properties?: Readonly<Record<string, object>> };
  return Object.entries(properties).map(([name, schema]) => ({ name, in: "query", required: false, schema }));
}
