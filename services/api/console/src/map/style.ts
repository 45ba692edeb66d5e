/** How the map looks: in the console's own colours, and marks beside colours. Pure but for the colours' look-up. */
import { type ExpressionSpecification, type GeoJSONSourceSpecification, type StyleSpecification } from 'maplibre-gl';
import { type Countries } from './countries';

const NAMES = ['page', 'card', 'raised', 'text', 'soft', 'line', 'edge', 'accent', 'good', 'warn', 'bad'] as const;
export type Palette = Readonly<Record<(typeof NAMES)[number], string>>;

/** The style sheet's colours as they are now: the map draws on a canvas, which knows no variables. */
export function paletteOf(host: HTMLElement): Palette {
  const probe = host.appendChild(document.createElement('span'));
  const colours = NAMES.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return Object.fromEntries(colours) as Palette;
}

/** The same marks as beside words (ui.tsx). */
const MARK: ExpressionSpecification = ['match', ['get', 'link'], 'online', '●', 'stale', '▲', 'offline', '■', '○'];

const colourOf = ({ good, warn, bad, soft }: Palette): ExpressionSpecification => [
  'match',
  ['get', 'link'],
  'online',
  good,
  'stale',
  warn,
  'offline',
  bad,
  soft,
];

const FONT = ['sans-serif'];
export const CLUSTERS = 'clusters';
export const DEVICES = 'devices';
/** Nearer than this every device stands by itself. */
const MAX_CLUSTER_ZOOM = 15;

export const devicesSource = (data: GeoJSONSourceSpecification['data']): GeoJSONSourceSpecification => ({
  ...{ type: 'geojson', data, cluster: true, clusterRadius: 44, clusterMaxZoom: MAX_CLUSTER_ZOOM },
  clusterProperties: { offline: ['+', ['case', ['==', ['get', 'link'], 'offline'], 1, 0]] },
});

/** No glyphs and no sprite are named: letters are drawn by the browser, so that nothing is asked of anybody. */
export function styleOf(
  { shapes, names }: Countries,
  devices: GeoJSONSourceSpecification,
  fences: GeoJSONSourceSpecification['data'],
  p: Palette,
) {
  const style: StyleSpecification = {
    version: 8,
    sources: {
      countries: { type: 'geojson', data: shapes },
      names: { type: 'geojson', data: names },
      fences: { type: 'geojson', data: fences },
      devices,
    },
    layers: [
      { id: 'sea', type: 'background', paint: { 'background-color': p.raised } },
      { id: 'land', type: 'fill', source: 'countries', paint: { 'fill-color': p.card } },
      { id: 'borders', type: 'line', source: 'countries', paint: { 'line-color': p.edge, 'line-width': 0.7 } },
      {
        ...{ id: 'names', type: 'symbol', source: 'names', minzoom: 2 },
        layout: {
          ...{ 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 11, 'text-max-width': 7 },
          // Where names are in each other's way, the larger country has its own.
          'symbol-sort-key': ['-', ['get', 'area']],
        },
        paint: { 'text-color': p.soft, 'text-halo-color': p.card, 'text-halo-width': 1 },
      },
      {
        ...{ id: 'fences', type: 'fill', source: 'fences' },
        paint: { 'fill-color': p.accent, 'fill-opacity': 0.12 },
      },
      {
        ...{ id: 'fence-edges', type: 'line', source: 'fences' },
        paint: { 'line-color': p.accent, 'line-width': 1.5, 'line-dasharray': [3, 2] },
      },
      {
        ...{ id: 'fence-names', type: 'symbol', source: 'fences' },
        layout: {
          ...{ 'text-field': ['get', 'name'], 'text-font': FONT, 'text-size': 11, 'text-max-width': 9 },
          // Out of the way of a device in the middle.
          ...{ 'text-variable-anchor': ['top', 'bottom', 'left', 'right'], 'text-radial-offset': 1 },
        },
        paint: { 'text-color': p.text, 'text-halo-color': p.card, 'text-halo-width': 1.5 },
      },
      {
        ...{ id: CLUSTERS, type: 'circle', source: 'devices', filter: ['has', 'point_count'] },
        paint: {
          'circle-color': p.card,
          'circle-stroke-color': ['case', ['>', ['get', 'offline'], 0], p.bad, p.accent],
          'circle-stroke-width': 2.5,
          'circle-radius': ['step', ['get', 'point_count'], 16, 100, 21, 1_000, 27],
        },
      },
      {
        ...{ id: 'counts', type: 'symbol', source: 'devices', filter: ['has', 'point_count'] },
        layout: {
          'text-field': [
            'concat',
            ['get', 'point_count_abbreviated'],
            ['case', ['>', ['get', 'offline'], 0], ['concat', '\n■ ', ['to-string', ['get', 'offline']]], ''],
          ],
          ...{ 'text-font': FONT, 'text-size': 11, 'text-line-height': 1.05, 'text-allow-overlap': true },
        },
        paint: { 'text-color': p.text },
      },
      {
        ...{ id: DEVICES, type: 'symbol', source: 'devices', filter: ['!', ['has', 'point_count']] },
        layout: { 'text-field': MARK, 'text-font': FONT, 'text-size': 17, 'text-allow-overlap': true },
        paint: { 'text-color': colourOf(p), 'text-halo-color': p.card, 'text-halo-width': 1.5 },
      },
    ],
  };
  return style;
}
