/**
 * In which shape records go to the tables. An intent says it, because a repeated insert must take the way it took before:
 * the engine knows an insert again by its token and by the views it went through. What a shape makes of the same bodies
 * may therefore never change; another way is another shape.
 */
import { compileLayout } from './layout';
import { compileSeries } from './series';

/** `frames`: each record as it is, as Avro or as columns. `series`: sorted into series where that can be done. */
export type Shape = 'frames' | 'series';

/** Landing tables of the shapes. */
export type Landings = Readonly<Record<Shape, string>>;

/** One block in ClickHouse's Native format. */
export interface Block {
  readonly table: string;
  readonly rows: number;
  /** To be sent one after the other. */
  readonly parts: readonly Uint8Array[];
  /** Says that nobody looks at the parts any more. */
  release?(): void;
}

export type Layouts = Readonly<Record<Shape, (bodies: Uint8Array, records: number) => Block>>;

/** Undefined for writer schemas that must go as Avro. */
export function layoutsOf(writer: object, reader: object, tables: Landings): Layouts | undefined {
  const whole = compileLayout(writer, reader);
  if (!whole) return undefined;
  const sort = compileSeries(writer);
  const frames: Layouts['frames'] = (bodies, records) => ({
    table: tables.frames,
    rows: records,
    parts: whole(bodies, records),
  });
  return {
    frames,
    series: (bodies, records) => {
      const sorted = sort?.(bodies, records);
      return sorted ? { table: tables.series, ...sorted } : frames(bodies, records);
    },
  };
}
