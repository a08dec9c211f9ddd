/** Runs a job, never twice at once. Requests that arrive while it runs are answered together by one further run. */
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
    } while (this.isRequestedAgain());
    this.state = "idle";
  }

  private isRequestedAgain(): boolean {
    return this.state === "again";
  }
}
