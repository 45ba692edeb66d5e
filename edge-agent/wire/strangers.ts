/** Who spoke and is not in the profile, so that somebody can see it and add it. Bounded: anybody may call. */
const MAX_STRANGERS = 50;
const MAX_CHARS = 200;

export class Strangers {
  private readonly names = new Set<string>();

  met(name: string): void {
    if (this.names.size < MAX_STRANGERS) this.names.add(name.slice(0, MAX_CHARS));
  }

  forget(): void {
    this.names.clear();
  }

  list(): readonly string[] {
    return [...this.names];
  }
}
