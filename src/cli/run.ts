import { startApp, type Stopped } from "../app.ts";
import { secretsIn, type Settings } from "../config/settings.ts";
import { createLifecycle } from "../daemon/lifecycle.ts";
import { endProcessWith } from "../daemon/process-end.ts";
import { createLogger } from "../telemetry/logger.ts";
import { createScrub } from "../telemetry/scrub.ts";

/** How long each part of the process may take to end. */
const END_MS = 10_000;

/** The daemon, in the foreground, until a signal ends the process. Throws when it cannot start. */
export async function run(settings: Settings): Promise<never> {
  const secrets = secretsIn(settings);
  const scrub = createScrub(secrets, Date.now);
  const logger = createLogger(settings.logLevel, scrub);
  const report = (name: string, error: unknown): void => {
    logger.error(
      { err: error },
      `${name}: this went wrong; what was decided and done so far is in the decision log`,
    );
  };
  const lifecycle = createLifecycle({ boundMs: END_MS, report });
  let cause = "the start failed";
  let stopped: Stopped | undefined;
  endProcessWith(lifecycle, {
    boundMs: END_MS,
    report,
    stopping: (signal) => {
      cause = signal;
    },
    crashed: async (error) => stopped?.(`crash: ${String(error)}`),
  });
  try {
    await startApp({
      settings,
      logger,
      lifecycle,
      environment: process.env,
      scrub,
      secrets: () => secrets.flatMap((secret) => secret() ?? []),
      cause: () => cause,
      onStarted: (tell) => {
        stopped = tell;
      },
    });
  } catch (error) {
    // What was being started when the end came fails for want of what has been ended: that is no news.
    if (!lifecycle.signal.aborted) {
      await lifecycle.stop();
      throw error;
    }
  }
  return new Promise<never>(() => undefined);
}
