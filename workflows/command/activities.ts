/** Effects of the command workflow. */
import { ApplicationFailure } from '@temporalio/common';
import { CodecError } from '../../schemas/codec';
import { type CommandRecords } from '../../services/domain/command';

export interface CommandActivities {
  /** Writes events to m2m.command-events and orders to the topics of their agents; all or, when it throws, perhaps some. */
  publish(records: CommandRecords): Promise<void>;
}

export function createCommandActivities(publisher: CommandActivities): CommandActivities {
  return {
    async publish(records) {
      try {
        await publisher.publish(records);
      } catch (error) {
        if (!(error instanceof CodecError)) throw error;
        throw ApplicationFailure.create({ message: error.message, type: error.code, nonRetryable: true, cause: error });
      }
    },
  };
}
