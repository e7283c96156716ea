/**
 * The direction of imports. Data flows through the stages in one direction, and so do imports: a stage knows
 * the stages before it and never those after it. `scripts/check-imports.ts` runs this and `test/structure`
 * proves that it sees a violation.
 */

/** In the order of the flow. */
const STAGES = [
  "rules",
  "signals",
  "engine",
  "releases",
  "decisions",
  "log",
  "rollback",
  "verification",
  "checkpoints",
  "notifications",
  "report",
  "daemon",
  "server",
  "cli",
];

/** What the process and the API server need; not part of the flow. */
const LEAVES = ["config", "telemetry", "kubernetes"];

/** Files whose answers depend on their arguments alone. */
const PURE = [
  "^src/text/",
  "^src/(engine|decisions)/",
  "^src/releases/(release|clock|blame|standing|[a-z-]+-snapshot|[a-z-]+-digest)[.]ts$",
  "^src/verification/judge[.]ts$",
  // A report that is made late says what one in time would have said.
  "^src/checkpoints/(due|judge)[.]ts$",
  "^src/notifications/messages[.]ts$",
  "^src/log/(record|chain)[.]ts$",
  "^src/report/(?!gather)",
];

/** Files, sockets, processes, and the libraries around them. node:crypto is not here: a hash is a function. */
const EFFECTS = [
  "^(node:)?(fs|fs/promises|http|http2|https|net|tls|dns|dgram|child_process|worker_threads|timers|timers/promises|cluster|os|process)$",
  "node_modules/(undici|@kubernetes|pino|prom-client|fastify|@slack|cockatiel|commander|convict)/",
];

const folders = (names) => `^src/(${names.join("|")})/`;

const stageOrder = STAGES.slice(0, -1).map((stage, index) => ({
  name: `stage-order-${stage}`,
  comment: `src/${stage} is used by ${STAGES.slice(index + 1).join(", ")}. Were it to know one of them, data could flow backwards, and neither could be understood or tested alone.`,
  severity: "error",
  from: { path: `^src/${stage}/` },
  to: { path: folders(STAGES.slice(index + 1)) },
}));

export default {
  forbidden: [
    ...stageOrder,
    {
      name: "pure-core-reaches-no-effect",
      comment:
        "Live evaluation, rules tests and backtests give the same verdict only if these files read nothing but their arguments. Also through other files: an effect three imports away is still an effect.",
      severity: "error",
      from: { path: PURE },
      to: { path: EFFECTS, reachable: true },
    },
    {
      name: "stages-before-the-act-know-no-process",
      comment:
        "Settings, logger, metrics and the API server reach the inner stages as arguments, never as imports: that is what lets the same code run in a test, a backtest and a daemon.",
      severity: "error",
      from: {
        path: folders([
          "rules",
          "signals",
          "engine",
          "decisions",
          "log",
          "verification",
          "checkpoints",
          "notifications",
          "report",
        ]),
      },
      to: { path: folders(LEAVES) },
    },
    {
      name: "leaf-knows-no-stage",
      comment:
        "config, telemetry and kubernetes serve the edges. A leaf that knew a stage would tie every user of it to that stage; the vocabulary of the rules is the one exception.",
      severity: "error",
      from: { path: folders(LEAVES) },
      to: { path: folders(STAGES.filter((stage) => stage !== "rules")) },
    },
    {
      name: "text-knows-nothing",
      comment:
        "Every stage and every leaf puts numbers and words from outside into text by the functions of src/text. A function there that knew a stage would tie all others to that stage.",
      severity: "error",
      from: { path: "^src/text/" },
      to: { path: folders([...STAGES, ...LEAVES]) },
    },
    {
      name: "retry-knows-nothing",
      comment:
        "Rollbacks, verifications and notifications try again by the functions of src/retry. A function there that knew a stage would tie all others to that stage.",
      severity: "error",
      from: { path: "^src/retry/" },
      to: { path: folders([...STAGES, ...LEAVES]) },
    },
    {
      name: "no-cycle",
      comment:
        "Files that import each other in a circle are one file in pieces: none of them can be read first.",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "nothing-imports-the-composition-root",
      comment:
        "app.ts puts the parts together and main.ts starts it. A part that imported them would be given everything. The command `run` starts the daemon and is the one exception.",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/(main|app|cli/(program|run))[.]ts$" },
      to: { path: "^src/(main|app)[.]ts$" },
    },
    {
      name: "product-knows-no-tests",
      comment: "What is shipped must not need what is not shipped.",
      severity: "error",
      from: { path: "^src/" },
      to: { path: "^(test|scripts|bench)/" },
    },
    {
      name: "every-import-resolves",
      comment: "An import that the check cannot follow is one that it cannot judge.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // TypeScript 7 has no compiler API to read files with. swc keeps imports of types, which count, too.
    parser: "swc",
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
    },
  },
};
