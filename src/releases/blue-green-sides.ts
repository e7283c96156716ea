import type { Deployment, PodTemplate, Service } from "../kubernetes/objects.ts";
import { describe, type ResourceRef } from "../kubernetes/resource.ts";
import { selectorText } from "../kubernetes/selector.ts";
import type { BlueGreenTarget } from "../rules/policy.ts";

/** What tells the two sides of a target apart. */
export type Colors = Pick<BlueGreenTarget, "label" | "colors">;

/** One colour and the Deployment behind it. */
export interface Side {
  readonly color: string;
  readonly deployment: Deployment;
}

/** `detail`: why it cannot be told, as a sentence without its full stop. */
interface NoSide {
  readonly ok: false;
  readonly detail: string;
}

export interface Sides {
  readonly ok: true;
  /** The one that the Service selects. */
  readonly live: Side;
  readonly other: (Side & { readonly ok: true }) | NoSide;
}

/** `target` is `namespace/service/name`. */
export function serviceRef(target: string): ResourceRef & { readonly name: string } {
  const [namespace = "", , name = ""] = target.split("/");
  return { group: "", resource: "services", namespace, name };
}

/**
 * Which Deployment is behind which colour: the one whose pods the Service selects, or would select with the other
 * colour. None or several are named and never guessed at.
 */
export function sidesOf(
  service: Service,
  deployments: readonly Deployment[],
  { label, colors }: Colors,
): Sides | NoSide {
  const color = service.spec.selector?.[label];
  const other = colors.find((each) => each !== color);
  if (color === undefined || other === undefined || !colors.includes(color)) {
    return { ok: false, detail: noColor(service, { label, colors }) };
  }
  const live = sideOf(service, deployments, label, color);
  if (!live.ok) return live;
  return { ok: true, live, other: sideOf(service, deployments, label, other) };
}

/** What the Service selects in either colour. */
export function selectionOf({ spec }: Service, { label, colors }: Colors): string {
  const { [label]: _color, ...matchLabels } = spec.selector ?? {};
  return selectorText({ matchLabels, matchExpressions: [{ key: label, operator: "In", values: colors }] });
}

/**
 * The same object as if the colour were no part of what it runs: what was bad in one colour must not pass for new
 * in the other.
 */
export function withoutColor<T extends { readonly spec: { readonly template: PodTemplate } }>(
  object: T,
  label: string,
): T {
  const { template } = object.spec;
  const { [label]: _color, ...labels } = template.metadata?.labels ?? {};
  return {
    ...object,
    spec: { ...object.spec, template: { ...template, metadata: { ...template.metadata, labels } } },
  };
}

function sideOf(
  service: Service,
  deployments: readonly Deployment[],
  label: string,
  color: string,
): Sides["other"] {
  const wanted = Object.entries({ ...service.spec.selector, [label]: color });
  const found = deployments.filter(({ metadata, spec }) => {
    const labels = spec.template.metadata?.labels;
    return (
      metadata.deletionTimestamp === undefined && wanted.every(([key, value]) => labels?.[key] === value)
    );
  });
  const [deployment, ...others] = found;
  if (deployment !== undefined && others.length === 0) return { ok: true, color, deployment };
  const labels = wanted.map(([key, value]) => `${key}=${value}`).join(",");
  const detail =
    deployment === undefined
      ? `no Deployment makes pods with the labels ${labels}, by which ${nameOf(service)} would select ${color}`
      : `several Deployments (${found.map(({ metadata }) => metadata.name).join(", ")}) make pods with the labels ` +
        `${labels}, so which of them is ${color} cannot be told`;
  return { ok: false, detail };
}

function noColor(service: Service, { label, colors }: Colors): string {
  const color = service.spec.selector?.[label];
  const selects = color === undefined ? `does not select by the label ${label}` : `selects ${label}=${color}`;
  return `${nameOf(service)} ${selects}, and the policy's colors are ${colors.join(" and ")}`;
}

function nameOf({ metadata: { namespace = "", name } }: Service): string {
  return describe({ group: "", resource: "services", namespace, name });
}
