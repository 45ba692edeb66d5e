/** What of the boiler is no value: an alarm condition, and a method that doses water treatment. */
import { type Namespace, type UAObject } from 'node-opcua-address-space';
import { DataType, NodeId, StatusCodes, Variant } from 'node-opcua-client';

export const ALARM_SEVERITY = 800;
/** What Dose takes, l. */
const MAX_DOSE_L = 50;

type Alarm = ReturnType<Namespace['instantiateOffNormalAlarm']>;

export class BoilerRoom {
  /** Doses given, newest last. */
  readonly doses: { readonly volume_l: number; readonly agent: string }[] = [];
  private readonly alarm: Alarm;

  constructor(ns: Namespace, boiler: UAObject) {
    this.alarm = ns.instantiateOffNormalAlarm({
      ...{ browseName: 'Overheated', conditionName: 'Overheated', nodeId: 's=Boiler.Overheated' },
      ...{ componentOf: boiler, conditionSource: boiler, normalState: null, inputNode: NodeId.nullNodeId },
    });
    this.alarm.setEnabledState(true);
    const dose = ns.addMethod(boiler, {
      ...{ browseName: 'Dose', nodeId: 's=Boiler.Dose' },
      inputArguments: [
        { name: 'volume_l', dataType: DataType.Double },
        { name: 'agent', dataType: DataType.String },
      ],
      outputArguments: [
        { name: 'batch', dataType: DataType.UInt32 },
        { name: 'total_l', dataType: DataType.Double },
      ],
    });
    dose.bindMethod((inputs, _context, callback) => callback(null, this.dose(inputs)));
  }

  overheat(active: boolean, temperature_cel: number): void {
    if (this.alarm.activeState.getValue() === active) return;
    if (active) this.alarm.activateAlarm();
    else this.alarm.deactivateAlarm(false);
    this.alarm.raiseNewCondition({
      message: active ? `overheated at ${temperature_cel.toFixed(1)} Cel` : 'back to normal',
      ...{ severity: ALARM_SEVERITY, quality: StatusCodes.Good, retain: active },
    });
  }

  private dose(inputs: readonly Variant[]) {
    const [volume_l, agent] = inputs.map((v) => v.value as unknown) as [number, string];
    if (!(volume_l > 0 && volume_l <= MAX_DOSE_L)) return { statusCode: StatusCodes.BadOutOfRange };
    this.doses.push({ volume_l, agent });
    const total_l = this.doses.reduce((sum, d) => sum + d.volume_l, 0);
    return {
      statusCode: StatusCodes.Good,
      outputArguments: [
        new Variant({ dataType: DataType.UInt32, value: this.doses.length }),
        new Variant({ dataType: DataType.Double, value: total_l }),
      ],
    };
  }
}
