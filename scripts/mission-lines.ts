/** A test, by its file below test/ and by a part of its name. */
export type Proof = readonly [file: string, name: string];

export interface MissionLine {
  readonly line: string;
  /** Those that would fail if it did not hold, the nearest to the real thing first; none: not proven yet. */
  readonly proofs: readonly Proof[];
}

export interface MissionPart {
  readonly part: string;
  readonly lines: readonly MissionLine[];
}

const BAD_RELEASE = "e2e/rollback.cluster.test.ts";
const STALLED = "e2e/rollout-stalled.cluster.test.ts";
const GROUP = "e2e/group.cluster.test.ts";
const BLUE_GREEN = "rollback/blue-green.cluster.test.ts";
const DEPLOYMENT = "rollback/deployment.cluster.test.ts";
const SCRIPT = "rollback/script.test.ts";
const VERIFY = "verification/verify.test.ts";
const PEOPLE = "daemon/people.test.ts";
const ASK = "cli/ask.test.ts";
const VULNERABILITY = "daemon/vulnerability.test.ts";
const SHIPPED = "structure/mission.test.ts";
const BY_HAND_LIVE = "e2e/people.cluster.test.ts";
const VULNERABLE = "e2e/vulnerability.cluster.test.ts";
const STATEFULSET = "rollback/statefulset.cluster.test.ts";
const GITOPS = "daemon/gitops.test.ts";
const CHECKPOINTS = "e2e/checkpoints.test.ts";
const CRITERIA = "checkpoints/shipped.test.ts";
const OUTBOX = "notifications/outbox.test.ts";
const STATUSPAGE = "notifications/statuspage.test.ts";
const WEBHOOK = "notifications/webhook.test.ts";
const REPORT = "report/document.test.ts";

const THRESHOLDS: Proof = [SHIPPED, "the shipped rules have the thresholds of the mission"];
const BY_HAND: Proof = [PEOPLE, "is on record with who and why before it is decided"];
const DONE_BY_HAND: Proof = [
  BY_HAND_LIVE,
  "a rollback by hand shows what it changes, is done, verified, told and logged as any other",
];
const REASONS: Proof = [SHIPPED, "people may give each reason of the mission"];
/** Every criterion of the shipped rules is measured on a real Prometheus, once where all is well and once where it is not. */
const MEASURED: readonly Proof[] = [
  [CRITERIA, "passes where all is well"],
  [CRITERIA, "fails where it is not, with its numbers"],
  [SHIPPED, "the shipped rules look at each success criterion"],
];

/** What the product is for, line by line. */
export const MISSION: readonly MissionPart[] = [
  {
    part: "Rolled back automatically",
    lines: [
      {
        line: "more than 5 % of the requests fail, for 5 minutes",
        proofs: [
          [BAD_RELEASE, "errors: all that is left behind is true"],
          ["engine/window.test.ts", "trap 9: exactly 5.000 % does not breach, on either side"],
          THRESHOLDS,
        ],
      },
      {
        line: "P95 latency above 2000 ms, for 5 minutes",
        proofs: [[BAD_RELEASE, "P95 latency"], THRESHOLDS],
      },
      {
        line: "3 health checks in a row fail",
        proofs: [
          [BAD_RELEASE, "health checks that fail"],
          ["signals/prober.test.ts", "probes at once, then on its own schedule, and each result counts once"],
          THRESHOLDS,
        ],
      },
      {
        line: "a critical security vulnerability is detected",
        proofs: [
          [VULNERABLE, "that Trivy Operator reports is rolled back, months after the release"],
          [VULNERABILITY, "is rolled back when the earlier revision is without it, and leaves firing"],
          [VULNERABILITY, "calls people with both lists when the earlier revision has it, too"],
          THRESHOLDS,
        ],
      },
      {
        line: "the new pods never get ready",
        proofs: [[STALLED, "trap 38: is rolled back when the cluster gives up on it, and that is verified"]],
      },
    ],
  },
  {
    part: "Decided by people",
    lines: [
      {
        line: "data corruption: code goes back, and everybody is told that data does not",
        proofs: [
          [
            PEOPLE,
            "trap 43: for corrupt data says that code goes back and data does not, with the runbook's link",
          ],
          [REPORT, "trap 43: after data corruption it says that code was rolled back and data was not"],
          REASONS,
        ],
      },
      { line: "major functionality is broken", proofs: [DONE_BY_HAND, BY_HAND, REASONS] },
      { line: "a compliance violation", proofs: [DONE_BY_HAND, BY_HAND, REASONS] },
      { line: "a decision of the stakeholders", proofs: [DONE_BY_HAND, BY_HAND, REASONS] },
      {
        line: "they see what will change before they agree",
        proofs: [
          DONE_BY_HAND,
          [ASK, "shows what will change, and asks for just that once it is agreed to"],
          [PEOPLE, "shows beforehand what would change, and changes nothing by that"],
        ],
      },
      {
        line: "they hold automation, and let it act again",
        proofs: [[PEOPLE, "holds automation over a restart, not a person, and ends by itself"]],
      },
      {
        line: "they are asked first where the policy says so",
        proofs: [
          [BY_HAND_LIVE, "a rollback that waits for approval is shown, held by a freeze, approved"],
          [PEOPLE, "is asked for once, outlives a restart, and acts"],
          [PEOPLE, "that is rejected holds for the episode and is not asked for again"],
          [PEOPLE, "that nobody gives in time expires, and one whose trigger recovers is withdrawn"],
        ],
      },
      {
        line: "only those who may, and the log knows who it was",
        proofs: [
          ["server/kubernetes-may.cluster.test.ts", "a Role lets an account do what it names"],
          ["server/who-may.test.ts", "carry who asked"],
        ],
      },
    ],
  },
  {
    part: "The rollback",
    lines: [
      {
        line: "a Deployment runs the earlier revision again",
        proofs: [
          [BAD_RELEASE, "errors: all that is left behind is true"],
          [DEPLOYMENT, "keeps annotations set after the old revision, which kubectl deletes"],
        ],
      },
      {
        line: "several Deployments go back together",
        proofs: [[GROUP, "trap 25: is rolled back whole, though the daemon is killed between two members"]],
      },
      {
        line: "traffic is switched back to the other colour (blue/green)",
        proofs: [
          [
            "e2e/blue-green.cluster.test.ts",
            "is rolled back to the other colour, which had no pods any more",
          ],
          [BLUE_GREEN, "trap 26: it is scaled to what is live and Ready before the Service switches"],
        ],
      },
      {
        line: "a StatefulSet runs the earlier revision again",
        proofs: [
          [
            "e2e/statefulset.cluster.test.ts",
            "is rolled back, verified, told and logged, with the rights of deploy/ alone",
          ],
          [STATEFULSET, "object and ControllerRevisions are the same but for what rollbackd remembers there"],
          [
            STATEFULSET,
            "a broken pod that holds the rollback up is named, and the rollout goes on once it is deleted",
          ],
        ],
      },
      {
        line: "the team's own rollback script is run",
        proofs: [
          [SCRIPT, "is told what it needs to know, and its output is kept"],
          [SCRIPT, "trap 27: a script is not for running twice"],
        ],
      },
      {
        line: "a GitOps tool that owns the target does not put the bad release back unseen",
        proofs: [
          [
            "rollback/gitops/owners.cluster.test.ts",
            "trap 28: is given back the bad version after a rollback",
          ],
          [GITOPS, "a target that Argo CD keeps is not touched by default"],
          [GITOPS, "trap 28: the bad version is brought back after the rollback"],
          ["rollback/gitops/suspend.cluster.test.ts", "of Argo CD: the automated sync is taken out"],
        ],
      },
      {
        line: "nothing is done that cannot be undone, twice, or to a revision that is bad, too",
        proofs: [
          [
            "daemon/pass.test.ts",
            "trap 22: what was put back breaches too: no ping-pong, and people are called",
          ],
          ["daemon/precheck.test.ts", "trap 39"],
          [
            "e2e/restart.cluster.test.ts",
            "trap 20: between the act and its record: it is found done, and not done again",
          ],
        ],
      },
      {
        line: "it is verified: rollout, health checks, smoke test, and that what fired has stopped",
        proofs: [
          [VERIFY, "waits for rollout, probes, smoke test and recovery, in that order, and tells of each"],
          [VERIFY, "the smoke test fails: its output is kept, without secrets"],
          [BAD_RELEASE, "errors: all that is left behind is true"],
        ],
      },
    ],
  },
  {
    part: "Telling",
    lines: [
      {
        line: "the team on Slack, who is on call by PagerDuty",
        proofs: [
          [OUTBOX, "is one page and one resolve on PagerDuty, and the whole story on Slack, in order"],
          [BAD_RELEASE, "errors: all that is left behind is true"],
        ],
      },
      {
        line: "the users, on the status page",
        proofs: [
          [
            STATUSPAGE,
            "is one incident: created when it is decided, monitored when it is done, resolved when it is verified",
          ],
          [STATUSPAGE, "is scheduled, begins with the rollback, and is completed when that is verified"],
        ],
      },
      {
        line: "anything else, by a signed webhook",
        proofs: [
          [WEBHOOK, "believes what was sent, and nothing that was changed, is old or has another secret"],
        ],
      },
      {
        line: "whoever looks for the cause: a log that can be trusted, and one document with everything",
        proofs: [
          ["log/document.test.ts", "agrees with `log verify` on a whole log of several files"],
          [REPORT, "begins its timeline with the release and has each step"],
          [
            "releases/look-into.cluster.test.ts",
            "trap 34: with the Roles of deploy/, names and times are seen",
          ],
        ],
      },
    ],
  },
  {
    part: "Watched after a launch",
    lines: [
      {
        line: "at the launch: the four health endpoints and a validation command",
        proofs: [
          [
            CRITERIA,
            "the four health endpoints, the validation and what is so right now pass where all is well",
          ],
        ],
      },
      {
        line: "after 1 hour, 4 hours, 24 hours and 7 days",
        proofs: [
          [CHECKPOINTS, "how a release does reaches Slack, the log, the API and `log show`, at its times"],
          [CHECKPOINTS, "a daemon that was not there at the time makes the report when it is back"],
          [SHIPPED, "the shipped rules look after a launch at each time of the mission"],
        ],
      },
      ...[
        "availability",
        "throughput",
        "error rate",
        "P95 and P99 latency",
        "open circuit breakers",
        "cache hit rate",
        "use of the connection pool",
        "growth of memory",
        "critical alerts that fire",
      ].map((line) => ({ line, proofs: MEASURED })),
      {
        line: "a release that did well becomes one to go back to",
        proofs: [
          ["daemon/checkpoints.test.ts", "a release that became good says so in the reports that follow"],
        ],
      },
    ],
  },
];
