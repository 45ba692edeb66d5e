// Generated from schemas/events/campaign-event.avsc by schemas/generate.ts. Do not edit.
/** One step of a campaign: an image to many devices, in stages. Written by its workflow, after a crash perhaps twice. Topic m2m.campaigns, key tenant/campaign_id. */
export interface CampaignEvent {
  tenant: string;
  campaign_id: string;
  /** begun | stage-begun | stage-ended | paused | resumed | halted | retried | aborted | rollback-begun | rolled-back | done */
  type: string;
  /** 1..; 0 for what concerns the whole campaign */
  stage: number;
  /** ms since 1970-01-01 UTC */
  at: number;
  /** workflow or the user */
  actor: string;
  /** Of the image */
  version: string;
  /** Reason or remark in words */
  detail: string;
  /** Devices concerned */
  devices: number;
  succeeded: number;
  failed: number;
}
export const campaignEventSchema = {"type":"record","name":"CampaignEvent","namespace":"millrace.v1","doc":"One step of a campaign: an image to many devices, in stages. Written by its workflow, after a crash perhaps twice. Topic m2m.campaigns, key tenant/campaign_id.","fields":[{"name":"tenant","type":"string"},{"name":"campaign_id","type":"string"},{"name":"type","type":"string","doc":"begun | stage-begun | stage-ended | paused | resumed | halted | retried | aborted | rollback-begun | rolled-back | done"},{"name":"stage","type":"int","doc":"1..; 0 for what concerns the whole campaign"},{"name":"at","type":"long","doc":"ms since 1970-01-01 UTC"},{"name":"actor","type":"string","doc":"workflow or the user"},{"name":"version","type":"string","doc":"Of the image"},{"name":"detail","type":"string","default":"","doc":"Reason or remark in words"},{"name":"devices","type":"int","default":0,"doc":"Devices concerned"},{"name":"succeeded","type":"int","default":0},{"name":"failed","type":"int","default":0}]} as const;
