/** Effects of the campaign workflow. */
import { type CampaignFact } from '../../services/domain/campaign';

export interface CampaignRecord {
  readonly tenant: string;
  readonly campaign_id: string;
  readonly version: string;
  readonly fact: CampaignFact;
}

export interface CampaignActivities {
  /** Writes the event to m2m.campaigns; after a crash perhaps twice, which the view over it does not count. */
  publishCampaign(record: CampaignRecord): Promise<void>;
}

export const createCampaignActivities = (publish: (record: CampaignRecord) => Promise<void>): CampaignActivities => ({
  publishCampaign: publish,
});
