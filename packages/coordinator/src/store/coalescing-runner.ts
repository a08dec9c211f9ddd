/** Runs a job, never twice at once: asked for while it runs, it runs once more after that. */
export class CoalescingRunner {
  private state: "idle" | "running" | "again" = "idle";

  /** @param job must not reject */
  constructor(private readonly job: () => Promise<void>) {}

  request(): void {
    if (this.state === "idle") void this.run();
    else this.state = "again";
  }

  private async run(): Promise<void> {
    do {
      this.state = "running";
      await this.job();
    } while (this.isWantedAgain());
    this.state = "idle";
  }

  private isWantedAgain(): boolean {
    return this.state === "again";
  }
}
