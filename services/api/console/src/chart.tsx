/** A line over time, with the band between least and greatest where windows are shown. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface ChartData {
  /** s since 1970-01-01 UTC, ascending. */
  readonly x: readonly number[];
  readonly y: readonly (number | null)[];
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
}

interface Props {
  readonly label: string;
  readonly unit: string;
  readonly data: ChartData;
  /** s since 1970-01-01 UTC. */
  readonly from: number;
  readonly to: number;
}

const HEIGHT = 260;

function options({ label, unit }: Props, width: number, band: boolean): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  const axis: uPlot.Axis = {
    stroke: color('--soft'),
    grid: { stroke: color('--line'), width: 1 },
    ticks: { stroke: color('--line') },
  };
  const edge = { stroke: 'transparent', points: { show: false } };
  return {
    ...{ width, height: HEIGHT },
    cursor: { drag: { x: false, y: false } },
    axes: [axis, { ...axis, size: 64, label: unit, labelSize: 18 }],
    series: [
      {},
      { label, stroke: color('--accent'), width: 1.75, points: { show: false } },
      ...(band
        ? [
            { label: 'least', ...edge },
            { label: 'greatest', ...edge },
          ]
        : []),
    ],
    ...(band && { bands: [{ series: [3, 2] as [number, number], fill: color('--band') }] }),
    scales: { x: { time: true } },
  };
}

export function Chart(props: Props) {
  const { data, from, to, label, unit } = props;
  const ref = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const band = data.low !== undefined && data.high !== undefined;

  useEffect(() => {
    const node = ref.current;
    if (!node) return;
    const make = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(options(props, node.clientWidth, band), [[], [], ...(band ? [[], []] : [])], node);
    };
    make();
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const theme = new MutationObserver(make);
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    dark.addEventListener('change', make);
    const size = new ResizeObserver(() => plot.current?.setSize({ width: node.clientWidth, height: HEIGHT }));
    size.observe(node);
    return () => {
      dark.removeEventListener('change', make);
      theme.disconnect();
      size.disconnect();
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [label, unit, band]);

  useEffect(() => {
    const lines = [data.x, data.y, ...(band ? [data.low, data.high] : [])];
    plot.current?.setData(lines as unknown as uPlot.AlignedData, false);
    plot.current?.setScale('x', { min: from, max: to });
  });

  const numbers = data.y.filter((v): v is number => v !== null);
  const said =
    numbers.length === 0
      ? 'no values'
      : `${numbers.length} values, ${Math.min(...numbers)} to ${Math.max(...numbers)} ${unit}`;
  return <div class="chart" ref={ref} role="img" aria-label={`${label}: ${said}`} />;
}
