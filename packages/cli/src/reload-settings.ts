import type { RunningCoordinator } from "@rollcall/coordinator";
import { type Logger, logEvent, messageOf } from "@rollcall/core";
import type { CoordinatorSettings } from "./coordinator-options.js";
import type { OpenHttp } from "./http/open-http.js";

export interface ReloadParts {
  /** Those of the start: what they differ in and a running coordinator cannot change takes a restart. */
  readonly first: CoordinatorSettings;
  /** As they are now. Rejects if they are wrong. */
  readonly read: () => Promise<CoordinatorSettings>;
  readonly coordinator: Pick<RunningCoordinator, "reconfigure">;
  readonly page: Pick<OpenHttp, "reconfigure"> | undefined;
  readonly logger: Logger & { least: CoordinatorSettings["logLevel"] };
}

/** Puts into use what the settings are now; if they are wrong, nothing changes. One line says which. Never rejects. */
export async function reloadSettings({ first, read, coordinator, page, logger }: ReloadParts): Promise<void> {
  try {
    const next = await read();
    await coordinator.reconfigure({ ...next.options, logger });
    logger.least = next.logLevel;
    logEvent(logger, "configuration.reloaded", {}, "the configuration was read again, and is in use");
    const isPageCurrent = page === undefined ? next.http === undefined : page.reconfigure(next.http);
    const options = [
      ...(["redis", "name", "secret", "secretFile"] as const).filter(
        (name) => textOf(next.options[name]) !== textOf(first.options[name]),
      ),
      ...(isPageCurrent ? [] : ["http"]),
    ];
    if (options.length === 0) return;
    const text = `another ${options.join(" and ")} takes a restart of this process: what it was stays in use`;
    logEvent(logger, "configuration.needs-restart", { options }, text);
  } catch (error) {
    const problems = messageOf(error).split("\n").join("; ");
    const text = `the configuration was read again and is wrong, so the one before stays in use: ${problems}`;
    logEvent(logger, "configuration.refused", {}, text);
  }
}

/** To be compared, and never shown. */
function textOf(option: unknown): string | undefined {
  return JSON.stringify(option);
}
