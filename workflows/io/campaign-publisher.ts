/** Steps of campaigns onto m2m.campaigns. */
import { type CampaignEvent } from '../../schemas/generated';
import { EventWriter, type SchemaIds } from '../../schemas/stream';
import { campaignKey, Topics } from '../../schemas/topics';
import { type CampaignRecord } from '../campaign/activities';
import { type Publisher } from '../../schemas/publisher';

export function campaignPublisher(
  publisher: Pick<Publisher, 'send'>,
  ids: SchemaIds,
): (record: CampaignRecord) => Promise<void> {
  const writer = new EventWriter(Topics.campaigns, ids);
  return (record) => {
    const event = eventOf(record);
    const key = campaignKey(event.tenant, event.campaign_id);
    return publisher.send([{ topic: Topics.campaigns.name, key, value: writer.write(event) }]);
  };
}

function eventOf({ tenant, campaign_id, version, fact }: CampaignRecord): CampaignEvent {
  const { counts, ...rest } = fact;
  return { tenant, campaign_id, version, ...rest, ...counts };
}
