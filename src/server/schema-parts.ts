import { Type } from "typebox";

export const oneOf = <const Values extends readonly string[]>(values: Values, description = "") =>
  Type.Unsafe<Values[number]>({ type: "string", enum: values, ...(description && { description }) });

/** RFC 3339, as `format` checks it. */
export const instant = (description?: string) =>
  Type.String({ format: "date-time", ...(description !== undefined && { description }) });

/** A revision. */
export const named = { revision: Type.String(), digest: Type.String() };
