import { byId, setText } from "./elements.js";

const key = "rollcall-token";

/** The token of this tab: it goes into a header of each request, and never into an address or the page. */
export function tokenOfTab(): string | undefined {
  return sessionStorage.getItem(key) ?? undefined;
}

/** Asks for a token where one is needed, or wanted. */
export class TokenDialog {
  private readonly dialog = byId("token-dialog", HTMLDialogElement);
  private readonly input = byId("token-input", HTMLInputElement);
  private hadWrong = false;

  /** @param changed is called when there is another token */
  constructor(changed: () => void) {
    byId("token-form", HTMLFormElement).addEventListener("submit", () => {
      sessionStorage.setItem(key, this.input.value.trim());
      this.input.value = "";
      this.hadWrong = false;
      changed();
    });
    byId("token-cancel", HTMLButtonElement).addEventListener("click", () => this.dialog.close());
    // Escape and the button: where reading needs no token, the page goes on without the wrong one.
    this.dialog.addEventListener("close", () => {
      if (this.hadWrong) changed();
      this.hadWrong = false;
    });
  }

  open(why: string): void {
    setText(byId("token-why", HTMLElement), why);
    if (!this.dialog.open) this.dialog.showModal();
  }

  /** The token that the tab has is wrong. */
  refused(): void {
    this.hadWrong = tokenOfTab() !== undefined;
    sessionStorage.removeItem(key);
    this.open(this.hadWrong ? "That token is not accepted." : "To read this page a token is needed.");
  }
}
