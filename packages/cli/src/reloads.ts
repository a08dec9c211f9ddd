/**
 * Runs `reload` each time it is asked for, one at a time. What is asked for during a run is done once after it: the files
 * may have changed since that run has read them.
 */
export class Reloads {
  private running: Promise<void> | undefined;
  private again = false;

  /** @param reload never rejects */
  constructor(private readonly reload: () => Promise<void>) {}

  ask(): void {
    if (this.running !== undefined) {
      this.again = true;
      return;
    }
    this.running = this.reload().then(() => {
      this.running = undefined;
      if (!this.again) return;
      this.again = false;
      this.ask();
    });
  }
}
