/** Who is looking, and whether they may. */
import { call, Problem, signOut } from './api';
import { type Role, mayAt } from './roles';
import { type Self } from './types';

export type SessionState =
  | { readonly kind: 'asking' }
  | { readonly kind: 'in'; readonly self: Self }
  | { readonly kind: 'out'; readonly why: string };

class Session {
  state: SessionState = { kind: 'asking' };
  private readonly listeners = new Set<() => void>();

  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async ask(): Promise<void> {
    try {
      this.become({ kind: 'in', self: await call<Self>('GET', '/self') });
    } catch (error) {
      const refused = error instanceof Problem && error.status === 401;
      this.become({ kind: 'out', why: refused ? '' : (error as Error).message });
    }
  }

  /** The credential was good and is no longer. */
  refused(): void {
    if (this.state.kind === 'in') this.become({ kind: 'out', why: 'Your token has expired or was revoked.' });
  }

  leave(): void {
    signOut();
    this.become({ kind: 'out', why: '' });
  }

  may(role: Role, path?: string): boolean {
    return this.state.kind === 'in' && mayAt(this.state.self.roles, role, path);
  }

  private become(state: SessionState): void {
    this.state = state;
    for (const listener of this.listeners) listener();
  }
}

export const session = new Session();
