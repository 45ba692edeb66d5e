/** The map itself, in a script of its own that is fetched when a map is looked at. */
import 'maplibre-gl/dist/maplibre-gl.css';
import { type FeatureCollection } from 'geojson';
import {
  AttributionControl,
  type GeoJSONSource,
  Map as Canvas,
  type MapMouseEvent,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
} from 'maplibre-gl';
import worker from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url';
import { type Bounds, type Fence, type Place, unrolledFence } from '../places';
import { type Countries, countries } from './countries';
import { CLUSTERS, DEVICES, devicesSource, paletteOf, styleOf } from './style';

export interface MapView {
  show(places: readonly Place[]): void;
  /** Geofences, under the devices. */
  fence(fences: readonly Fence[]): void;
  look(bounds: Bounds): void;
  close(): void;
}

export interface MapEvents {
  /** What is in view now. */
  moved(bounds: Bounds): void;
  /** Devices that were pointed at. */
  chose(ids: readonly string[]): void;
  /** The browser draws no maps, or something went wrong while it drew. */
  failed(error: Error): void;
}

const MAX_ZOOM = 18;
/** Whoever opens the map wants to see where a device is, not its doorstep. */
const NEAR_ZOOM = 9;
const MARGIN_PX = 48;
const REACH_PX = 6;

/** Throws when the browser cannot draw a map (no WebGL), or the shapes of countries do not come. */
export async function openMap(host: HTMLElement, events: MapEvents): Promise<MapView> {
  if (!document.createElement('canvas').getContext('webgl2')) throw new Error('this browser has no WebGL 2');
  setWorkerUrl(new URL(worker, location.href).href);
  const world = await countries();
  const canvas = new Canvas({
    container: host,
    style: styleOf(world, devicesSource(collection([])), fenced([]), paletteOf(host)),
    ...{ center: [0, 25], zoom: 0.8, maxZoom: MAX_ZOOM, attributionControl: false, fadeDuration: 0 },
    ...{ dragRotate: false, pitchWithRotate: false, touchPitch: false },
    locale: { 'Map.Title': 'Map of devices; what is in view is listed below it' },
  });
  canvas.touchZoomRotate.disableRotation();
  canvas.addControl(new NavigationControl({ showCompass: false }));
  canvas.addControl(new ScaleControl());
  canvas.addControl(new AttributionControl({ compact: false, customAttribution: 'Shapes: Natural Earth' }));
  canvas.on('error', ({ error }) => events.failed(new Error(error.message)));
  await canvas.once('load');
  return new OpenMap(canvas, host, world, events);
}

class OpenMap implements MapView {
  private shown: readonly Place[] = [];
  private fences: readonly Fence[] = [];
  private readonly scheme = matchMedia('(prefers-color-scheme: dark)');
  private readonly theme = new MutationObserver(() => this.paint());

  constructor(
    private readonly canvas: Canvas,
    private readonly host: HTMLElement,
    private readonly world: Countries,
    private readonly events: MapEvents,
  ) {
    canvas.on('moveend', this.moved);
    canvas.on('click', (event) => void this.choose(event));
    canvas.on(
      'mousemove',
      ({ point }) => (canvas.getCanvas().style.cursor = this.at(point).length > 0 ? 'pointer' : ''),
    );
    this.scheme.addEventListener('change', this.paint);
    this.theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  }

  show(places: readonly Place[]): void {
    this.shown = places;
    void this.source()?.setData(collection(places));
  }

  fence(fences: readonly Fence[]): void {
    this.fences = fences;
    const source: GeoJSONSource | undefined = this.canvas.getSource('fences');
    void source?.setData(fenced(fences));
  }

  look([west, south, east, north]: Bounds): void {
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const box: [number, number, number, number] = [west, south, east, north];
    this.canvas.fitBounds(box, { padding: MARGIN_PX, maxZoom: NEAR_ZOOM, animate: !calm });
  }

  close(): void {
    this.scheme.removeEventListener('change', this.paint);
    this.theme.disconnect();
    this.canvas.remove();
  }

  private source(): GeoJSONSource | undefined {
    return this.canvas.getSource('devices');
  }

  private readonly moved = (): void => {
    const box = this.canvas.getBounds();
    this.events.moved([box.getWest(), box.getSouth(), box.getEast(), box.getNorth()]);
  };

  private readonly paint = (): void => {
    const devices = devicesSource(collection(this.shown));
    this.canvas.setStyle(styleOf(this.world, devices, fenced(this.fences), paletteOf(this.host)));
  };

  private at({ x, y }: { x: number; y: number }) {
    const box: [[number, number], [number, number]] = [
      [x - REACH_PX, y - REACH_PX],
      [x + REACH_PX, y + REACH_PX],
    ];
    return this.canvas.queryRenderedFeatures(box, { layers: [CLUSTERS, DEVICES] });
  }

  /** Into a cluster, or the devices that stand here, which may be several. */
  private async choose({ point, lngLat }: MapMouseEvent): Promise<void> {
    const found = this.at(point);
    const cluster = found.find((f) => f.properties['cluster'] === true);
    if (!cluster) return this.events.chose([...new Set(found.map((f) => String(f.properties['id'])))]);
    const zoom = await this.source()?.getClusterExpansionZoom(Number(cluster.properties['cluster_id']));
    this.canvas.easeTo({ center: lngLat, zoom: Math.min(MAX_ZOOM, zoom ?? this.canvas.getZoom() + 2) });
  }
}

const collection = (places: readonly Place[]): FeatureCollection => ({
  type: 'FeatureCollection',
  features: places.map(({ device_id, longitude, latitude, link }) => ({
    type: 'Feature',
    properties: { id: device_id, link },
    geometry: { type: 'Point', coordinates: [longitude, latitude] },
  })),
});

const fenced = (fences: readonly Fence[]): FeatureCollection => ({
  type: 'FeatureCollection',
  features: fences.map(unrolledFence),
});
