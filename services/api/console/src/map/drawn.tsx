/** The map within a screen, and the fences that it shows. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { call } from '../api';
import { type Bounds, boundsOf, cornersOf, type Fence, type Place } from '../places';
import { Loading } from '../ui';
import { type MapView } from './view';

/** Each is a question to the stream. */
const MAX_AGENTS = 10;

/** Of the profiles that the platform desires of these agents; those of the first few when they are many. */
export function useFences(agents: readonly string[]): readonly Fence[] {
  const [fences, show] = useState<readonly Fence[]>([]);
  const asked = [...new Set(agents)].sort().slice(0, MAX_AGENTS).join('\n');
  useEffect(() => {
    const abort = new AbortController();
    const ask = (agent: string): Promise<readonly Fence[]> =>
      call<{ items: readonly Fence[] }>(
        'GET',
        `/agents/${encodeURIComponent(agent)}/geofences`,
        undefined,
        abort.signal,
      ).then(
        ({ items }) => items,
        // A map without its fences is still a map; who may not see them is not told of each.
        () => [],
      );
    void Promise.all(asked.split('\n').filter(Boolean).map(ask)).then(
      (found) => abort.signal.aborted || show(found.flat()),
    );
    return () => abort.abort();
  }, [asked]);
  return fences;
}

interface DrawnProps {
  readonly fences: readonly Fence[];
  /** The view holds the fences, too, also when they come after the devices. */
  readonly around?: boolean;
  readonly places: readonly Place[];
  readonly moved: (bounds: Bounds) => void;
  readonly chose: (ids: readonly string[]) => void;
}

export function Drawn({ places, fences, around = false, moved, chose }: DrawnProps) {
  const host = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<MapView | undefined>();
  const [error, fail] = useState<Error | undefined>();
  useEffect(() => {
    let [left, opened] = [false, undefined as MapView | undefined];
    const open = async (): Promise<void> => {
      const { openMap } = await import('./view');
      if (!host.current || left) return;
      opened = await openMap(host.current, { moved, chose, failed: fail });
      if (left) return opened.close();
      setMap(opened);
    };
    open().catch((e: unknown) => fail(e as Error));
    return () => {
      left = true;
      opened?.close();
    };
  }, []);
  const held = around ? [...places, ...fences.flatMap(cornersOf)] : places;
  useEffect(() => map?.show(places), [map, places]);
  useEffect(() => map?.fence(fences), [map, fences]);
  useEffect(() => {
    const bounds = boundsOf(held);
    if (bounds) map?.look(bounds);
  }, [map, held.length - places.length]);
  return (
    <>
      {error && (
        <p class="banner warn" role="status">
          The map cannot be drawn here: {error.message}. The list below has the same devices.
        </p>
      )}
      {!map && !error && <Loading what="Drawing the map" />}
      <div class={error && !map ? 'map off' : 'map'} ref={host} />
    </>
  );
}
