/** Finds the record that the stream will never take, by halving transactions, so that it is put aside and the rest goes on. */
import { type StoredRecord } from '../outbox-api';
import { DEAD_LETTER_CUTS } from './dead-letter';
import { MAX_RECORDS } from './plan';

interface Suspect {
  readonly record: StoredRecord;
  readonly reason: string;
  cut: number;
}

/** A transaction that was refused. */
export interface Refused {
  readonly records: number;
  /** Its record, when it had only one. */
  readonly only: StoredRecord | undefined;
}

export class PoisonHunt {
  /** Records of one transaction: all that fit, or few while a record is being looked for. */
  maxRecords = MAX_RECORDS;
  private suspect: Suspect | undefined;

  get hunting(): boolean {
    return this.maxRecords < MAX_RECORDS;
  }

  /** Why a record goes to the dead letters, and how much of it; undefined when it does not. */
  aside(record: StoredRecord): { reason: string; cut: number } | undefined {
    const { suspect } = this;
    if (!suspect || !same(suspect.record, record)) return undefined;
    const cut = DEAD_LETTER_CUTS[Math.min(suspect.cut, DEAD_LETTER_CUTS.length - 1)] ?? 0;
    return { reason: suspect.reason, cut };
  }

  /** Halves the transaction until one record is left, which is then put aside. False when even that is refused. */
  narrow({ records, only }: Refused, reason: string): boolean {
    if (!only) {
      this.maxRecords = Math.max(1, Math.floor(records / 2));
      return true;
    }
    this.maxRecords = 1;
    const { suspect } = this;
    if (!suspect || !same(suspect.record, only)) {
      this.suspect = { record: only, reason, cut: 0 };
      return true;
    }
    suspect.cut++;
    return suspect.cut < DEAD_LETTER_CUTS.length;
  }

  /** A transaction went through; the record it put aside, if it did. */
  succeeded(only: StoredRecord | undefined): { record: StoredRecord; reason: string } | undefined {
    this.maxRecords = Math.min(MAX_RECORDS, this.maxRecords * 2);
    const { suspect } = this;
    if (!suspect || !only || !same(suspect.record, only)) return undefined;
    this.suspect = undefined;
    return suspect;
  }
}

const same = (a: StoredRecord, b: StoredRecord): boolean => a.lane === b.lane && a.index === b.index;
