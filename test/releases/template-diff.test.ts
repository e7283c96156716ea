import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PodTemplate } from "../../src/kubernetes/objects.ts";
import { revisionDiff, templateDiff } from "../../src/releases/template-diff.ts";

/** A template with one container, `api`, that has these settings. */
function template(settings: object = {}, spec: object = {}, metadata: object = {}): PodTemplate {
  return { metadata, spec: { containers: [{ name: "api", image: "shop:1", ...settings }], ...spec } };
}

const plain = template();

describe("the difference of two templates", () => {
  it.each<[string, PodTemplate, PodTemplate, readonly string[]]>([
    ["of the same is nothing", plain, template(), []],
    [
      "names a setting by its container, not by its place",
      template({ image: "shop:2" }, { initContainers: [{ name: "migrate", image: "m:1" }] }),
      plain,
      [
        "- containers.api.image: shop:2",
        "+ containers.api.image: shop:1",
        "- initContainers.migrate.image: m:1",
      ],
    ],
    [
      "shows resources, ports and labels",
      template(
        { resources: { limits: { memory: "1Gi" } }, ports: [{ containerPort: 80 }] },
        {},
        { labels: { v: "2" } },
      ),
      template({ resources: { limits: { memory: "2Gi" } } }, {}, { labels: { v: "1" } }),
      [
        "- containers.api.ports.80",
        "- containers.api.resources.limits.memory: 1Gi",
        "+ containers.api.resources.limits.memory: 2Gi",
        "- labels.v: 2",
        "+ labels.v: 1",
      ],
    ],
    [
      "shows which Secret a variable comes from, never a literal value",
      template({
        env: [
          { name: "DB", valueFrom: { secretKeyRef: { name: "db-2", key: "url" } } },
          { name: "LEVEL", value: "debug" },
          { name: "TOKEN", value: "hunter2" },
          { name: "EMPTY" },
        ],
      }),
      template({
        env: [
          { name: "DB", valueFrom: { secretKeyRef: { name: "db-1", key: "url" } } },
          { name: "LEVEL", value: "info" },
        ],
      }),
      [
        "- containers.api.env.DB.valueFrom.secretKeyRef.name: db-2",
        "+ containers.api.env.DB.valueFrom.secretKeyRef.name: db-1",
        "- containers.api.env.EMPTY",
        "~ containers.api.env.LEVEL.value (values are not shown)",
        "- containers.api.env.TOKEN.value (value is not shown)",
      ],
    ],
    [
      "leaves out what makes no other release",
      template(
        {},
        {},
        { annotations: { "kubectl.kubernetes.io/restartedAt": "now" }, labels: { "pod-template-hash": "a" } },
      ),
      plain,
      [],
    ],
    [
      "does not let a manifest steer a terminal",
      template({ workingDir: "/\u001b[2J" }),
      plain,
      ['- containers.api.workingDir: "/\\u001b[2J"'],
    ],
  ])("%s", (_, from, to, lines) => {
    expect(templateDiff(from, to)).toEqual(lines);
  });

  it("is nothing where one of them is not known", () => {
    expect(templateDiff(undefined, plain)).toEqual([]);
    expect(templateDiff(plain, undefined)).toEqual([]);
  });

  it("of two revisions is that of their templates, and of a group that of each member, under its name", () => {
    const templates = new Map([
      ["a1", plain],
      ["a2", template({ image: "shop:2" })],
      ["w1", plain],
      ["w2", template({ tty: true })],
    ]);
    expect(revisionDiff(templates, { digest: "a2" }, { digest: "a1" })).toEqual([
      "- containers.api.image: shop:2",
      "+ containers.api.image: shop:1",
    ]);
    const group = (a: string, w: string) => {
      const members = { a: { name: "1", digest: a }, w: { name: "1", digest: w } };
      return { digest: `${a}${w}`, members };
    };
    expect(revisionDiff(templates, group("a2", "w2"), group("a1", "w1"))).toEqual([
      "- a: containers.api.image: shop:2",
      "+ a: containers.api.image: shop:1",
      "- w: containers.api.tty: true",
    ]);
    expect(revisionDiff(templates, group("a1", "w2"), group("a1", "w9"))).toEqual([]);
    expect(revisionDiff(undefined, group("a2", "w2"), group("a1", "w1"))).toEqual([]);
  });

  it("that nobody would read is cut, and says by how much", () => {
    const many = Object.fromEntries(Array.from({ length: 130 }, (_, index) => [`l${index}`, "x"]));
    const lines = templateDiff(template({}, {}, { labels: many }), plain);
    expect(lines).toHaveLength(101);
    expect(lines.at(-1)).toBe("… and 30 more lines");
  });

  it("trap 34: shows no value of an environment, a header, a command line, an annotation or a volume driver", () => {
    const value = fc.string({ minLength: 8 }).map((text) => `s3cret-${text}`);
    fc.assert(
      fc.property(value, fc.option(value, { nil: undefined }), (secret, other) => {
        const hiding = (text: string): PodTemplate =>
          template(
            {
              env: [{ name: "TOKEN", value: text }],
              command: ["serve", `--password=${text}`],
              args: [text],
              livenessProbe: {
                httpGet: { httpHeaders: [{ name: "Authorization", value: text }] },
                exec: { command: [text] },
              },
              lifecycle: { preStop: { exec: { command: [text] } } },
            },
            { volumes: [{ name: "v", csi: { driver: "d", volumeAttributes: { key: text } } }] },
            { annotations: { note: text } },
          );
        const shown = [
          ...templateDiff(hiding(secret), other === undefined ? plain : hiding(other)),
          ...templateDiff(plain, hiding(secret)),
        ];
        expect(shown.length).toBeGreaterThanOrEqual(7);
        expect(shown.join("\n")).not.toContain("s3cret-");
      }),
    );
  });
});
