// Generated from services/api/openapi.yaml (2b8c8bfc6005f4c85f30ea648d6558a32a318fd218270098c72b30138d070bb9) by deploy/client/generate.ts. Do not edit.
export interface paths {
    "/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Devices in the order of their ids */
        get: operations["listDevices"];
        put?: never;
        /** Register a device */
        post: operations["registerDevice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/devices:bulk": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Register many devices
         * @description The body is newline-delimited JSON, one NewDevice a line, of any length; it is read no faster than it is carried out.
         *     The answer is newline-delimited JSON too: a BulkResult for each line, in their order, as soon as it is known, and at
         *     the end a BulkSummary. A line that fails stops no other. Send an `Idempotency-Key`: the same upload repeated under
         *     the same key is carried out once. Lines are at most 65,536 bytes; one upload runs at a time.
         */
        post: operations["bulkDevices"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/devices/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        /** One device */
        get: operations["getDevice"];
        put?: never;
        post?: never;
        /** Decommission a device, as `POST …/decommission`; its history stays */
        delete: operations["deleteDevice"];
        options?: never;
        head?: never;
        /** Change what is said about a device; what is left out stays */
        patch: operations["updateDevice"];
        trace?: never;
    };
    "/devices/{id}/replace": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * New hardware under the same identity
         * @description State, readings and history go on; the old credential ends with the old hardware, and what it reported of its
         *     configuration is forgotten, so the desired one is owed to the new hardware.
         */
        post: operations["replaceDevice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/devices/{id}/config": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        /** Desired and reported configuration */
        get: operations["getConfig"];
        /**
         * Desire a configuration
         * @description The whole of it; `If-Match` names the version of the desired configuration to replace.
         */
        put: operations["putConfig"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/devices/{id}/config/reported": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        get?: never;
        /** Say which configuration the device has */
        put: operations["putReportedConfig"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/devices/{id}/{move}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
                move: "provision" | "activate" | "suspend" | "resume" | "quarantine" | "release" | "decommission";
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Move a device along its life
         * @description An illegal move is refused with 409, naming the state and the moves allowed. `quarantine` needs a reason; `release`
         *     leads to `suspended`: somebody looks at the device before it is resumed. `decommission` starts a durable
         *     workflow and answers 202; the device ends `decommissioned` and is refused from then on. While commands of the device
         *     are in flight it is refused with 409 (`commands-in-flight`), naming them in `commands`; with `force` it begins, and cancels them.
         */
        post: operations["moveDevice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/decommissionings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Devices whose end is under way or has failed; with `task`, those that wait for somebody to decide */
        get: operations["listDecommissionings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/devices/{id}/decommissioning": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        /** How far the end of a device's life has come, step by step */
        get: operations["getDecommissioning"];
        put?: never;
        /**
         * Decommission a device as it is said here; joins the one that is under way
         * @description Refused with 409 (`commands-in-flight`) while commands are, unless `force`. Then
         *     new commands are refused, those in flight cancelled and awaited (`settle_ms`), the agent's last data confirmed (`flush_ms`; when it stays
         *     silent, `go-on` or `ask` an operator), the history exported if asked for, the device taken out of the agent's profile, its credentials
         *     revoked, what is personal taken off its record if asked for. Up to the export it can be abandoned.
         */
        post: operations["startDecommissioning"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/devices/{id}/decommissioning/{decision}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
                decision: "retry" | "go-on" | "abandon";
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Decide what waits for an operator, or abandon the decommissioning while that can be */
        post: operations["decideDecommissioning"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/devices/{id}/history": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        /** Every event of the device's life, oldest first */
        get: operations["deviceHistory"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/devices/{id}/readings": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        /** Readings, or their windows, newest first */
        get: operations["deviceReadings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/devices/{id}/readings/export": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        /**
         * All readings of a time, or their windows, oldest first, as newline-delimited JSON
         * @description Streamed as the client takes it. An answer that ends with the connection cut, not closed, is not whole.
         */
        get: operations["exportReadings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/devices/{id}/commands": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        /** Commands of the device, newest first */
        get: operations["deviceCommands"];
        put?: never;
        /** Send a command; its outcome is always known */
        post: operations["sendCommand"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        /** A command with the times of its transitions */
        get: operations["getCommand"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/{id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel a command; the answer tells whether it came in time
         * @description `in_time` is true when the command was certainly not carried out, false when it was or had ended, null when nobody
         *     can tell (yet). 202: the agent has not answered so far; the command itself tells later.
         */
        post: operations["cancelCommand"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands/{id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Approve a command as the second person; it is sent then */
        post: operations["approveCommand"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Campaigns, newest first */
        get: operations["listCampaigns"];
        put?: never;
        /** Bring an image to devices, in stages */
        post: operations["startCampaign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        /** How far a campaign has come */
        get: operations["getCampaign"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/campaigns/{id}/{order}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                order: "pause" | "resume" | "retry" | "abort" | "roll-back";
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pause, go on, ask failed devices again, end it, or go back */
        post: operations["orderCampaign"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/images/{sha256}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                sha256: string;
            };
            cookie?: never;
        };
        /** The image; ranges of bytes are served */
        get: operations["getImage"];
        /** Keep an image for devices, under the SHA-256 of its content */
        put: operations["putImage"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/batches": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Batches, newest first, as far back as the server of workflows keeps them */
        get: operations["listBatches"];
        put?: never;
        /** Send a command to every device that the filter finds, at a rate */
        post: operations["sendBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/batches/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        /** How far a batch has come, and what failed */
        get: operations["getBatch"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/batches/{id}/stop": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begin no further command, and cancel those under way */
        post: operations["stopBatch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Schedules with their next times and last batches */
        get: operations["listSchedules"];
        put?: never;
        /** Send a batch again and again; the devices are found anew each time */
        post: operations["createSchedule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Send it no more; what it has begun goes on */
        delete: operations["removeSchedule"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/schedules/{id}/{switch}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                switch: "pause" | "resume";
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Pause a schedule, or let it go on */
        post: operations["switchSchedule"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All models, by name */
        get: operations["listModels"];
        put?: never;
        /**
         * Define the models that a profile describes
         * @description Points, commands with their ranges, and which point verifies them. From then on they are kept like the profile: `PUT
         *     /agents/{id}/profile` changes them with it. A model that somebody defined otherwise stays as it is.
         */
        post: operations["defineModelsOfProfile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/models/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: components["parameters"]["DefinitionName"];
            };
            cookie?: never;
        };
        /** One model */
        get: operations["getModel"];
        /**
         * Define a device model, or a new version of it
         * @description A command for a device whose `model` is the name of a defined one is checked against it: an unknown command, or an
         *     argument out of range, is refused with 422 and what is allowed. Devices of other models are not affected.
         *     `If-Match` names the version to replace; `If-None-Match: *` asks that there be none yet.
         */
        put: operations["putModel"];
        post?: never;
        /** Delete a model; its versions stay in the log */
        delete: operations["deleteModel"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/groups": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All groups, by name */
        get: operations["listGroups"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/groups/{name}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: components["parameters"]["DefinitionName"];
            };
            cookie?: never;
        };
        /** One group */
        get: operations["getGroup"];
        /**
         * Define a group, or a new version of it
         * @description A group is a filter with a name; who is in it follows from what devices are at the moment.
         *     `If-Match` names the version to replace; `If-None-Match: *` asks that there be none yet.
         */
        put: operations["putGroup"];
        post?: never;
        /** Delete a group; its versions stay in the log */
        delete: operations["deleteGroup"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/groups/{name}/devices": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: components["parameters"]["DefinitionName"];
            };
            cookie?: never;
        };
        /** Devices that are in the group now, in the order of their ids */
        get: operations["groupDevices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/devices/{id}/values": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        /** The latest value of every metric, with unit, quality, time, and what is declared of it */
        get: operations["deviceValues"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/alarms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Alarms, active and unacknowledged ones first
         * @description They are acknowledged and shelved by commands to their devices, alarm-acknowledge and alarm-shelve.
         */
        get: operations["listAlarms"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/alarms/journal": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every transition of alarms, newest first */
        get: operations["alarmJournal"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/positions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where devices say they are
         * @description Of the latest readings of the metrics `latitude` and `longitude`, both of them good and in range, in degrees (WGS 84). What stands still says where by labels of these names, which GET /devices shows.
         */
        get: operations["positions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/commands": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Commands of all devices, newest first */
        get: operations["listCommands"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/streams": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What each topic of the stream holds, and how far behind SQL is */
        get: operations["streams"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dead-letters": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Messages that could not be processed, newest first */
        get: operations["listDeadLetters"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dead-letters/{message}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description topic:partition:offset */
                message: components["parameters"]["Message"];
            };
            cookie?: never;
        };
        /** One of them, decoded as far as that goes, and its bytes in hex */
        get: operations["deadLetter"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/dead-letters/{message}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description topic:partition:offset */
                message: components["parameters"]["Message"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Send it back to its topic, unchanged, once for ever */
        post: operations["replayDeadLetter"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/agents/{id}/profile": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["AgentId"];
            };
            cookie?: never;
        };
        /**
         * The profile that the platform desires of an agent
         * @description Answers 404 when nothing is desired; the agent works by its own file then.
         */
        get: operations["agentProfile"];
        /**
         * Have an agent work by a profile
         * @description It is checked by the agent's own code first. The agent says what it makes of it in its readings profile_version and
         *     profile_refusal. A profile that names tag lists comes by `millrace agent profile push`.
         */
        put: operations["putAgentProfile"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/agents/{id}/profile/check": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["AgentId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What is wrong with a profile, and where */
        post: operations["checkAgentProfile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/agents/{id}/profile/points": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["AgentId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Points put into the text of a profile
         * @description Nothing is applied: the text comes back. The source is what browsing found, or the text of a tag list (CSV), of the main
         *     sheet of an EDE set, or of a DBC file. A metric that the device has already is left out.
         */
        post: operations["addPointsToProfile"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/agents/{id}/geofences": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["AgentId"];
            };
            cookie?: never;
        };
        /**
         * The geofences of the profile that is desired of an agent
         * @description None when nothing is desired, the agent then works by a file of its own. At most 500 fences of 50,000 vertices together.
         */
        get: operations["agentGeofences"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/agents/{id}/probes": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["AgentId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ask an agent what a draft of a profile would read, or what is behind a connection of it
         * @description `current` is the text of the profile that the agent works by; `test` says whether a connection can be had. Otherwise the agent reads the field beside its work; nothing is stored, shipped or written. Answers when it has answered, at most
         *     20 s after `wait_s`. 409 `refused` carries the agent's reason, or says that it did not answer.
         */
        post: operations["probeAgent"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What happens, as server-sent events
         * @description Event names: reading, lifecycle, command, presence, alarm. A client slower than the plant loses readings, never the
         *     others, and is told how many by an event named `dropped`. `Last-Event-ID` resumes after that event, as long as it is
         *     among the newest 5,000 of this process; an event named `gap` says that more was missed than can be told.
         */
        get: operations["stream"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/self": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who the credential says is calling, and with which roles */
        get: operations["self"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api-keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** API keys of the tenant, newest first, without their secrets */
        get: operations["listApiKeys"];
        put?: never;
        /** Make an API key for a machine; the key itself is in this answer and nowhere else */
        post: operations["createApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api-keys/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** End an API key for good */
        post: operations["revokeApiKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Webhooks of the tenant, newest first, without their secrets */
        get: operations["listWebhooks"];
        put?: never;
        /** Post events of the tenant to an address, signed; the secret is in this answer and nowhere else */
        post: operations["createWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Post nothing more there */
        delete: operations["removeWebhook"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/pseudonyms:find": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The pseudonym of a device, for those who know what it is called; nothing leads the other way */
        post: operations["findPseudonym"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/pseudonyms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Erase the tenant's key of pseudonyms; nobody finds the pseudonym of any name afterwards, devices go on under theirs */
        delete: operations["erasePseudonyms"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Issue a short-lived token to a person, where the installation has an issuer of its own */
        post: operations["issueToken"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/identities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Agents and devices that are certified, or may claim to be */
        get: operations["listIdentities"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/identities/{kind}/{id}/claim": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                kind: components["parameters"]["IdentityKind"];
                id: components["parameters"]["IdentityId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make a claim code, with which the agent or device enrolls once */
        post: operations["claimIdentity"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/identities/{kind}/{id}/revoke": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                kind: components["parameters"]["IdentityKind"];
                id: components["parameters"]["IdentityId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Refuse its certificates at the API and at the broker, from now on */
        post: operations["revokeIdentity"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/identities/enroll": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** With a claim code as the bearer credential, get a certificate */
        post: operations["enroll"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/identities/renew": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * With a proof of the present certificate as the bearer credential, get the next one
         * @description The credential is a JWT signed with the certificate's key: `typ` millrace-certificate+jwt, the certificate in `x5c`,
         *     `aud` urn:millrace:api, `iat` and `exp` at most two minutes apart.
         */
        post: operations["renew"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who wanted to do what, allowed or refused, newest first */
        get: operations["audit"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        Decommissioning: {
            /** @enum {string} */
            outcome: "running" | "decommissioned" | "abandoned" | "refused";
            /** @description Why it was abandoned or refused */
            detail: string;
            can_abandon: boolean;
            /** @description Last sequence number that the agent confirmed */
            last_seq: number | null;
            steps: {
                step: string;
                /** @enum {string} */
                state: "waiting" | "running" | "done" | "skipped" | "failed";
                /** Format: date-time */
                started_at?: string;
                /** Format: date-time */
                ended_at?: string;
                detail: string;
            }[];
            /** @description Waits for an operator */
            task?: {
                step: string;
                problem: string;
                /** Format: date-time */
                since: string;
                choices: ("retry" | "go-on" | "abandon")[];
            };
            exported?: {
                /** @description As the worker wrote it: gzip, a line of JSON each */
                file: string;
                bytes: number;
                sha256: string;
                rows: {
                    [key: string]: number;
                };
            };
        };
        /** @enum {string} */
        LifecycleState: "registered" | "provisioned" | "active" | "suspended" | "quarantined" | "decommissioning" | "decommissioned";
        /** @description enterprise/site/area/line/cell, or fewer of them; levels of at most 64 characters, without blanks at their ends */
        PlantPath: string;
        Labels: {
            [key: string]: string;
        };
        NewDevice: {
            device_id: string;
            name?: string;
            model?: string;
            agent_id?: string;
            path?: components["schemas"]["PlantPath"];
            labels?: components["schemas"]["Labels"];
            /** @description Gateway or larger device it is behind or part of */
            parent_id?: string;
            /**
             * @description Register it under a pseudonym of device_id instead, which the answer has: the same one for the same device_id until the tenant's
             *     key is erased. device_id itself is kept nowhere
             */
            pseudonym?: boolean;
        };
        DeviceChange: {
            name?: string;
            model?: string;
            agent_id?: string | null;
            path?: components["schemas"]["PlantPath"];
            labels?: components["schemas"]["Labels"];
            parent_id?: string | null;
            reason?: string;
        };
        BulkResult: {
            /** @description 1.. */
            line: number;
            /** @description Absent when the line names none */
            device_id?: string;
            /** @description What the same request alone would have been answered with */
            status: number;
            /** @enum {string} */
            outcome?: "accepted" | "unchanged";
            state?: components["schemas"]["LifecycleState"];
            version?: number;
            code?: string;
            detail?: string;
        };
        BulkSummary: {
            done: boolean;
            lines: number;
            accepted: number;
            unchanged: number;
            refused: number;
        };
        /** @description All fields, unless `fields` asks for some */
        Device: {
            device_id?: string;
            version?: number;
            state?: components["schemas"]["LifecycleState"];
            /** @description Moves the device may make now */
            allowed?: string[];
            name?: string;
            model?: string;
            agent_id?: string | null;
            path?: string;
            labels?: {
                [key: string]: string;
            };
            parent_id?: string | null;
            /** @description Of the hardware since the last replacement */
            serial?: string;
            replacements?: number;
            config?: {
                desired_version?: number;
                reported_version?: number;
            };
            reason?: string | null;
            /** Format: date-time */
            registered_at?: string;
            /** Format: date-time */
            changed_at?: string;
            presence?: {
                /** @enum {string} */
                status?: "online" | "stale" | "offline" | "unknown";
                /** Format: date-time */
                since?: string;
                /** Format: date-time */
                last_seen?: string;
                reason?: string;
            };
            /** @description How it does what is expected of it; only of devices that are active or quarantined */
            health?: {
                score: number;
                /** @description What takes from 100, the gravest first */
                reasons: {
                    /** @enum {string} */
                    code: "never-heard" | "offline" | "agent-lost" | "late" | "flapping" | "quarantined" | "configuration-not-taken";
                    costs: number;
                    detail: string;
                }[];
            };
        };
        LifecycleEvent: {
            version: number;
            type: string;
            state_from?: string | null;
            state_to: string;
            /** Format: date-time */
            at: string;
            actor: string;
            reason?: string | null;
            data?: Record<string, never>;
        };
        /** @enum {string} */
        ValueType: "number" | "integer" | "text" | "boolean";
        NewModel: {
            description?: string;
            points?: {
                metric: string;
                type: components["schemas"]["ValueType"];
                unit?: string;
                description?: string;
            }[];
            commands?: {
                name: string;
                description?: string;
                /** @description Metric of the point that shows whether it was done */
                verified_by?: string;
                args?: {
                    name: string;
                    type: components["schemas"]["ValueType"];
                    unit?: string;
                    /** @description Inclusive */
                    min?: number;
                    /** @description Inclusive */
                    max?: number;
                    /** @description The only ones allowed */
                    values?: (string | number)[];
                    /** @default true */
                    required?: boolean;
                    description?: string;
                }[];
            }[];
        };
        Model: {
            name: string;
            version: number;
            description?: string;
            points?: Record<string, never>[];
            commands?: Record<string, never>[];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            changed_at: string;
            changed_by: string;
        };
        NewGroup: {
            description?: string;
            /** @description All must match */
            filter: {
                state?: components["schemas"]["LifecycleState"];
                model?: string;
                agent?: string;
                /** @description Prefix of the path, by whole levels */
                path?: string;
                /** @description Gateway that the devices are behind */
                parent?: string;
                labels?: {
                    [key: string]: string;
                };
                /** @description Part of the id or the name */
                q?: string;
            };
        };
        Group: {
            name: string;
            version: number;
            description?: string;
            filter: Record<string, never>;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            changed_at: string;
            changed_by: string;
        };
        NewCommand: {
            name: string;
            args?: Record<string, never>;
            /**
             * @default 1
             * @enum {integer}
             */
            qos?: 0 | 1 | 2;
            /** @description Default 30000 */
            timeout_ms?: number;
            /**
             * Format: date-time
             * @description Absolute, in place of timeout_ms; not begun after it, also by a device that sleeps
             */
            deadline?: string;
            /** @description Higher goes first among the commands that wait for the same device; 0 by default */
            priority?: number;
            /** @description Points of the device that must compare so right before the first write, or nothing is written */
            only_if?: {
                metric: string;
                /** @enum {string} */
                is: "=" | "!=" | "<" | "<=" | ">" | ">=";
                value: number | string | boolean;
            }[];
            /** @description Waits at the agent for a device that sleeps, until the deadline */
            when_awake?: boolean;
            /** @description Of the read-back, in place of what the profile says */
            tolerance?: number;
            /** @description Pause between the last write and the first read-back */
            settle_ms?: number;
            /** @description Say what it would do now, and write nothing */
            dry_run?: boolean;
            /** @description A second person must approve it before it is sent */
            approval?: boolean;
        };
        /** @description As of GET /devices; all must fit. Devices that are not active are left out and counted */
        Filter: {
            state?: components["schemas"]["LifecycleState"];
            model?: string;
            agent?: string;
            path?: string;
            label?: string[];
            q?: string;
            /** @description Every device is meant */
            all?: boolean;
        };
        NewBatch: {
            filter: components["schemas"]["Filter"];
            command: components["schemas"]["NewCommand"];
            /** @description Commands begun in a second; default 10 */
            rate_per_s?: number;
            /** @description Commands under way at once; default 50 */
            in_flight?: number;
            stop_after_failures?: number;
            window?: components["schemas"]["TimeWindow"];
        };
        /**
         * @description Hours in which devices are begun, by the clock where each of them is: the zone its label `time_zone` names, `time_zone` below where it has
         *     none. What was begun is not stopped when the window closes.
         */
        TimeWindow: {
            /** @description Inclusive */
            from: string;
            /** @description Exclusive; before `from` it is of the next day */
            to: string;
            /** @description Days on which it opens; default all */
            days?: ("mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun")[];
            /** @description IANA name; default UTC */
            time_zone?: string;
        };
        Command: {
            command_id: string;
            device_id: string;
            agent_id?: string;
            name?: string;
            args?: Record<string, never>;
            qos?: number;
            /** @enum {string} */
            state: "issued" | "approved" | "delivered" | "executed" | "verified" | "failed" | "expired" | "cancelled" | "outcome-unknown";
            /** @description No further change is to come */
            final?: boolean;
            result?: Record<string, never>;
            detail?: string;
            transitions: {
                state: string;
                /** Format: date-time */
                at: string;
                actor?: string;
                detail?: string;
            }[];
        };
        /** @description A role in the whole tenant, or as role@enterprise/site at one site */
        Role: string;
        Identity: {
            /** @enum {string} */
            kind: "agent" | "device";
            id: string;
            /** @enum {string} */
            status: "claimable" | "certified" | "expired" | "revoked";
            /** @description Of the present certificate */
            serial?: string;
            /** Format: date-time */
            expires_at?: string;
            /** Format: date-time */
            claim_expires_at?: string;
            /** Format: date-time */
            revoked_at?: string;
        };
        Principal: {
            actor: string;
            /** @enum {string} */
            kind: "user" | "machine" | "service";
            tenant: string;
            roles: string[];
            /** @description Where people look at workflows, when the API was told */
            workflows_url?: string;
        };
        NewWebhook: {
            /** @description https:// or http://, without a password */
            url: string;
            events: components["schemas"]["WebhookEvents"];
        };
        WebhookEvents: ("lifecycle" | "command" | "alarm")[];
        Webhook: {
            webhook_id: string;
            url: string;
            events: components["schemas"]["WebhookEvents"];
            /** Format: date-time */
            created_at: string;
            created_by: string;
            /** @description whsec_ and base64; shown once */
            secret?: string;
        };
        NewApiKey: {
            name: string;
            roles: components["schemas"]["Role"][];
            /**
             * @description Until it expires
             * @default 90
             */
            days?: number;
        };
        ApiKey: {
            key_id: string;
            name: string;
            roles: string[];
            /** @enum {string} */
            status: "active" | "expired" | "revoked";
            /** Format: date-time */
            created_at: string;
            created_by: string;
            /** Format: date-time */
            expires_at: string;
            /** Format: date-time */
            revoked_at?: string;
            revoked_by?: string;
            /** @description The key itself, in the answer that made it */
            key?: string;
        };
        NewToken: {
            subject: string;
            roles: components["schemas"]["Role"][];
            /**
             * @description Until it expires
             * @default 480
             */
            minutes?: number;
        };
        AuditEntry: {
            event_id: string;
            /** Format: date-time */
            at: string;
            actor: string;
            action: string;
            resource: string;
            /** @enum {string} */
            outcome: "allowed" | "refused";
            reason?: string;
            granted_by?: string;
            route?: string;
            request_id?: string;
            source?: string;
        };
        Problem: {
            type: string;
            title: string;
            status: number;
            detail?: string;
            code?: string;
            /** @description Request id */
            instance?: string;
            /** @description Trace of the request, when it is told of */
            trace_id?: string;
            errors?: Record<string, never>[];
            state?: string;
            allowed?: string[];
            /** @description Ids of commands in flight, the first 20 */
            commands?: string[];
        };
    };
    responses: {
        /** @description Progress of a decommissioning */
        Decommissioning: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Decommissioning"];
            };
        };
        /** @description Rows, as the view of the same name in SQL has them */
        Rows: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    items: Record<string, never>[];
                };
            };
        };
        /** @description The certificate */
        Certificate: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    tenant: string;
                    kind: string;
                    id: string;
                    /** @description PEM */
                    certificate: string;
                    /** @description PEM of the authority */
                    ca: string;
                    /** Format: date-time */
                    expires_at: string;
                };
            };
        };
        /** @description The device */
        Device: {
            headers: {
                /** @description The quoted version of the device */
                ETag?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Device"];
            };
        };
        /** @description The configuration */
        Config: {
            headers: {
                /** @description The quoted version of what is desired */
                ETag?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    desired: Record<string, never>;
                    /** @description 0: nothing was desired yet */
                    desired_version: number;
                    reported: Record<string, never>;
                    reported_version: number;
                    /** @description The device has taken the newest desired version */
                    in_sync: boolean;
                };
            };
        };
        /** @description The device model */
        Model: {
            headers: {
                /** @description Its quoted version */
                ETag?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Model"];
            };
        };
        /** @description The group */
        Group: {
            headers: {
                /** @description Its quoted version */
                ETag?: string;
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Group"];
            };
        };
        /** @description The command */
        Command: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": components["schemas"]["Command"];
            };
        };
        /** @description What the cancellation came to */
        Cancellation: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/json": {
                    in_time: boolean | null;
                    state: string;
                };
            };
        };
        /** @description What went wrong (RFC 9457) */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        DeviceId: string;
        DefinitionName: string;
        /** @description Only these fields of each device, separated by commas */
        Fields: ("device_id" | "version" | "state" | "allowed" | "name" | "model" | "agent_id" | "path" | "labels" | "parent_id" | "serial" | "replacements" | "config" | "reason" | "registered_at" | "changed_at" | "presence" | "health")[];
        /** @description Version it must be at, as its ETag gives it */
        IfMatch: string;
        /** @description Of your choice, new for each request; the same again when an answer did not come */
        IdempotencyKey: string;
        AgentId: string;
        /** @description topic:partition:offset */
        Message: string;
        IdentityKind: "agent" | "device";
        IdentityId: string;
    };
    requestBodies: {
        Enrolment: {
            content: {
                "application/json": {
                    /** @description PKCS #10 in PEM; its subject is not looked at */
                    csr: string;
                    /** @description An agent brings a device with its claim code; the device is registered as the agent's and activated */
                    adopt?: {
                        /** @description Refused when the code is another one's */
                        device_id: string;
                        agent_id: string;
                        model: string;
                    };
                };
            };
        };
        SigningRequest: {
            content: {
                "application/json": {
                    /** @description PKCS #10 in PEM; its subject is not looked at */
                    csr: string;
                };
            };
        };
        Reason: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
    };
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listDevices: {
        parameters: {
            query?: {
                state?: components["schemas"]["LifecycleState"];
                model?: string;
                agent?: string;
                /** @description Gateway they are behind */
                parent?: string;
                /** @description Prefix of the path, by whole levels */
                path?: string;
                /** @description key=value, may be repeated; all must match */
                label?: string[];
                /** @description Part of the id or the name */
                q?: string;
                limit?: number;
                cursor?: string;
                /** @description Only these fields of each device, separated by commas */
                fields?: components["parameters"]["Fields"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of devices */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Device"][];
                        /** @description Cursor of the next page; absent on the last */
                        next?: string;
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    registerDevice: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewDevice"];
            };
        };
        responses: {
            200: components["responses"]["Device"];
            201: components["responses"]["Device"];
            default: components["responses"]["Problem"];
        };
    };
    bulkDevices: {
        parameters: {
            query?: {
                /** @description How far each device is brought */
                until?: "registered" | "provisioned" | "active";
                reason?: string;
            };
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/x-ndjson": string;
            };
        };
        responses: {
            /** @description A line for each line, and one at the end */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getDevice: {
        parameters: {
            query?: {
                /** @description As its log had made it at this time; presence and health are left out */
                at?: string;
                /** @description Only these fields of each device, separated by commas */
                fields?: components["parameters"]["Fields"];
            };
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Device"];
            default: components["responses"]["Problem"];
        };
    };
    deleteDevice: {
        parameters: {
            query?: {
                /** @description Also with commands in flight */
                force?: boolean;
            };
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Version it must be at, as its ETag gives it */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Device"];
            202: components["responses"]["Device"];
            default: components["responses"]["Problem"];
        };
    };
    updateDevice: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Version it must be at, as its ETag gives it */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DeviceChange"];
            };
        };
        responses: {
            200: components["responses"]["Device"];
            default: components["responses"]["Problem"];
        };
    };
    replaceDevice: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Version it must be at, as its ETag gives it */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    serial: string;
                    credential?: string;
                    reason?: string;
                };
            };
        };
        responses: {
            200: components["responses"]["Device"];
            default: components["responses"]["Problem"];
        };
    };
    getConfig: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Config"];
            default: components["responses"]["Problem"];
        };
    };
    putConfig: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Version it must be at, as its ETag gives it */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": Record<string, never>;
            };
        };
        responses: {
            200: components["responses"]["Config"];
            default: components["responses"]["Problem"];
        };
    };
    putReportedConfig: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description At most 16,384 characters */
                    config: Record<string, never>;
                    /** @description Version of the desired one that it answers */
                    config_version: number;
                };
            };
        };
        responses: {
            200: components["responses"]["Config"];
            default: components["responses"]["Problem"];
        };
    };
    moveDevice: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Version it must be at, as its ETag gives it */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                id: components["parameters"]["DeviceId"];
                move: "provision" | "activate" | "suspend" | "resume" | "quarantine" | "release" | "decommission";
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                    /**
                     * @description Of `decommission`: also with commands in flight
                     * @default false
                     */
                    force?: boolean;
                };
            };
        };
        responses: {
            200: components["responses"]["Device"];
            202: components["responses"]["Device"];
            default: components["responses"]["Problem"];
        };
    };
    listDecommissionings: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description At most 200 */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: ({
                            device_id: string;
                        } & components["schemas"]["Decommissioning"])[];
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getDecommissioning: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Decommissioning"];
            default: components["responses"]["Problem"];
        };
    };
    startDecommissioning: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                    /** @default 300000 */
                    settle_ms?: number;
                    /** @default 86400000 */
                    flush_ms?: number;
                    /**
                     * @default go-on
                     * @enum {string}
                     */
                    when_silent?: "go-on" | "ask";
                    /** @default false */
                    export?: boolean;
                    /**
                     * @default keep
                     * @enum {string}
                     */
                    personal_data?: "keep" | "erase";
                    /**
                     * @description Also with commands in flight
                     * @default false
                     */
                    force?: boolean;
                };
            };
        };
        responses: {
            /** @description Begun */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        device_id: string;
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    decideDecommissioning: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["parameters"]["DeviceId"];
                decision: "retry" | "go-on" | "abandon";
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
        responses: {
            202: components["responses"]["Decommissioning"];
            default: components["responses"]["Problem"];
        };
    };
    deviceHistory: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Events by version */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["LifecycleEvent"][];
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deviceReadings: {
        parameters: {
            query?: {
                metric?: string;
                /** @description Inclusive; default one hour before `to` */
                from?: string;
                /** @description Exclusive; default now */
                to?: string;
                /** @description Aggregates instead of readings */
                window?: "1m" | "1h" | "1d";
                limit?: number;
            };
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Readings or windows */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: Record<string, never>[];
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    exportReadings: {
        parameters: {
            query?: {
                metric?: string;
                /** @description Inclusive; default one hour before `to` */
                from?: string;
                /** @description Exclusive; default now */
                to?: string;
                /** @description Aggregates instead of readings */
                window?: "1m" | "1h" | "1d";
            };
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A reading or window a line */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deviceCommands: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Commands as ClickHouse has them */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Command"][];
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    sendCommand: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewCommand"];
            };
        };
        responses: {
            202: components["responses"]["Command"];
            default: components["responses"]["Problem"];
        };
    };
    getCommand: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Command"];
            default: components["responses"]["Problem"];
        };
    };
    cancelCommand: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
        responses: {
            200: components["responses"]["Cancellation"];
            202: components["responses"]["Cancellation"];
            default: components["responses"]["Problem"];
        };
    };
    approveCommand: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    remark?: string;
                };
            };
        };
        responses: {
            200: components["responses"]["Command"];
            default: components["responses"]["Problem"];
        };
    };
    listCampaigns: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Rows"];
            default: components["responses"]["Problem"];
        };
    };
    startCampaign: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    filter?: components["schemas"]["Filter"];
                    /** @description In place of `filter`: a campaign that is over, whose failed devices are tried again (of the first 1,000) */
                    retry_of?: string;
                    canaries?: components["schemas"]["Filter"];
                    /** @description Signed, as schemas/manifest.ts says; devices of its model only */
                    manifest: Record<string, never>;
                    /** @description Default 1, 10, 50 and 100 percent with an hour between */
                    stages?: {
                        percent: number;
                        soak_ms: number;
                    }[];
                    /** @description Default 5 */
                    failure_percent?: number;
                    /** @description Default true */
                    roll_back_when_halted?: boolean;
                    rate_per_s?: number;
                    in_flight?: number;
                    /** @description What all downloads together may take, on average; devices are begun no faster */
                    bytes_per_s?: number;
                    window?: components["schemas"]["TimeWindow"];
                    /** @description Default one hour */
                    device_timeout_ms?: number;
                };
            };
        };
        responses: {
            /** @description It has begun */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        campaign_id: string;
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getCampaign: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Phase, stages with their counts, first failures */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        campaign_id: string;
                        phase: string;
                        detail?: string;
                        devices?: number;
                        stages: Record<string, never>[];
                        rollback?: Record<string, never>;
                        failures?: Record<string, never>[];
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    orderCampaign: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: string;
                order: "pause" | "resume" | "retry" | "abort" | "roll-back";
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Reason"];
        responses: {
            /** @description It is being followed */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    getImage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                sha256: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The image */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            /** @description Part of it */
            206: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/octet-stream": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    putImage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                sha256: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/octet-stream": string;
            };
        };
        responses: {
            /** @description It is kept */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    listBatches: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Rows"];
            default: components["responses"]["Problem"];
        };
    };
    sendBatch: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewBatch"];
            };
        };
        responses: {
            /** @description It has begun */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        batch_id: string;
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getBatch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Counts by outcome, and the first thousand failures one by one */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        batch_id: string;
                        targets: number;
                        /** @description Devices that fit and take no commands */
                        skipped?: number;
                        waiting: number;
                        under_way: number;
                        ended: {
                            [key: string]: number;
                        };
                        failed: number;
                        failures?: Record<string, never>[];
                        /** @description Why no further command is begun; empty while some are */
                        stopped?: string;
                        over: boolean;
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    stopBatch: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Reason"];
        responses: {
            /** @description It stops */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    listSchedules: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Schedules */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: Record<string, never>[];
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createSchedule: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    schedule_id: string;
                    /** @description Five fields, minute first, in the time zone */
                    cron: string;
                    /** @description IANA name, such as Europe/Vienna; default UTC */
                    time_zone?: string;
                    /** Format: date-time */
                    start_at?: string;
                    /** Format: date-time */
                    end_at?: string;
                    /** @description A batch missed for longer is left out; default one minute */
                    catch_up_ms?: number;
                    note?: string;
                    batch: components["schemas"]["NewBatch"];
                };
            };
        };
        responses: {
            /** @description It is kept */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    removeSchedule: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    switchSchedule: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: string;
                switch: "pause" | "resume";
            };
            cookie?: never;
        };
        requestBody?: components["requestBodies"]["Reason"];
        responses: {
            /** @description It is done */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    listModels: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Newest versions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Model"][];
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    defineModelsOfProfile: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    profile: string;
                };
            };
        };
        responses: {
            /** @description What is defined now, and what was left out and why */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        agent_id: string;
                        defined: {
                            name: string;
                            version: number;
                        }[];
                        left_out: {
                            name: string;
                            reason: string;
                        }[];
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getModel: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: components["parameters"]["DefinitionName"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Model"];
            default: components["responses"]["Problem"];
        };
    };
    putModel: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Version it must be at, as its ETag gives it */
                "If-Match"?: components["parameters"]["IfMatch"];
                "If-None-Match"?: "*";
            };
            path: {
                name: components["parameters"]["DefinitionName"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewModel"];
            };
        };
        responses: {
            200: components["responses"]["Model"];
            201: components["responses"]["Model"];
            default: components["responses"]["Problem"];
        };
    };
    deleteModel: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Version it must be at, as its ETag gives it */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                name: components["parameters"]["DefinitionName"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    listGroups: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Newest versions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Group"][];
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    getGroup: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: components["parameters"]["DefinitionName"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Group"];
            default: components["responses"]["Problem"];
        };
    };
    putGroup: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Version it must be at, as its ETag gives it */
                "If-Match"?: components["parameters"]["IfMatch"];
                "If-None-Match"?: "*";
            };
            path: {
                name: components["parameters"]["DefinitionName"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewGroup"];
            };
        };
        responses: {
            200: components["responses"]["Group"];
            201: components["responses"]["Group"];
            default: components["responses"]["Problem"];
        };
    };
    deleteGroup: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
                /** @description Version it must be at, as its ETag gives it */
                "If-Match"?: components["parameters"]["IfMatch"];
            };
            path: {
                name: components["parameters"]["DefinitionName"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            default: components["responses"]["Problem"];
        };
    };
    groupDevices: {
        parameters: {
            query?: {
                limit?: number;
                cursor?: string;
                /** @description Only these fields of each device, separated by commas */
                fields?: components["parameters"]["Fields"];
            };
            header?: never;
            path: {
                name: components["parameters"]["DefinitionName"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of devices */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Device"][];
                        /** @description Cursor of the next page; absent on the last */
                        next?: string;
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    deviceValues: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["DeviceId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Rows"];
            default: components["responses"]["Problem"];
        };
    };
    listAlarms: {
        parameters: {
            query?: {
                /** @description Only those that are active or not acknowledged or shelved */
                standing?: boolean;
                device?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Rows"];
            default: components["responses"]["Problem"];
        };
    };
    alarmJournal: {
        parameters: {
            query?: {
                device?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Rows"];
            default: components["responses"]["Problem"];
        };
    };
    positions: {
        parameters: {
            query?: {
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Rows"];
            default: components["responses"]["Problem"];
        };
    };
    listCommands: {
        parameters: {
            query?: {
                state?: "issued" | "approved" | "delivered" | "executed" | "verified" | "failed" | "expired" | "cancelled" | "outcome-unknown";
                /** @description Reported on at or after it; default a week ago */
                from?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Rows"];
            default: components["responses"]["Problem"];
        };
    };
    streams: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Topics; of two answers, the difference of `written` over that of `at` is the rate */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** Format: date-time */
                        at: string;
                        /** @description Consumer group of the projector */
                        group: string;
                        topics: {
                            topic: string;
                            partitions: number;
                            /** @description Messages ever written */
                            written: number;
                            /** @description Messages still there */
                            kept: number;
                            /** @description Not yet in SQL; null where nothing is projected */
                            lag: number | null;
                        }[];
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listDeadLetters: {
        parameters: {
            query?: {
                topic?: string;
                code?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            200: components["responses"]["Rows"];
            default: components["responses"]["Problem"];
        };
    };
    deadLetter: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description topic:partition:offset */
                message: components["parameters"]["Message"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The message */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": Record<string, never>;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    replayDeadLetter: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                /** @description topic:partition:offset */
                message: components["parameters"]["Message"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Coordinates of what was sent, and of what had been sent before */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        sent: string[];
                        already: string[];
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    agentProfile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["AgentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The profile, as text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        agent_id: string;
                        version: number;
                        /** @description YAML */
                        profile: string;
                        /** @description Tag lists that go with it */
                        files: string[];
                        by: string;
                        /** Format: date-time */
                        at: string;
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    putAgentProfile: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["parameters"]["AgentId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    profile: string;
                    /** @description Of the desired one that it replaces; 0 for none */
                    version?: number;
                };
            };
        };
        responses: {
            /** @description It is on its way to the agent */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        agent_id: string;
                        version: number;
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    checkAgentProfile: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["parameters"]["AgentId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    profile: string;
                };
            };
        };
        responses: {
            /** @description Every problem with its line */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        valid: boolean;
                        agent_id?: string;
                        tenant?: string;
                        devices?: string[];
                        problems: Record<string, never>[];
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    addPointsToProfile: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["parameters"]["AgentId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    profile: string;
                    connection: string;
                    /** @description Made when it is not there */
                    device?: string;
                    source: {
                        /** @enum {string} */
                        kind: "points" | "devices" | "csv" | "ede" | "dbc";
                        /** @description Of csv ede and dbc */
                        text?: string;
                        points?: Record<string, never>[];
                        devices?: Record<string, never>[];
                    };
                };
            };
        };
        responses: {
            /** @description The profile with the points */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        profile: string;
                        added: {
                            devices?: number;
                            points?: number;
                        };
                        left_out: string[];
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    agentGeofences: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: components["parameters"]["AgentId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description GeoJSON features, each with a name */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: Record<string, never>[];
                        /** @description There are more */
                        cut: boolean;
                        /** @description Of the profile; 0 when nothing is desired */
                        version: number;
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    probeAgent: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: components["parameters"]["AgentId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @enum {string} */
                    kind: "preview" | "browse" | "test" | "current";
                    /** @description YAML; not for current */
                    profile?: string;
                    /** @description preview: only its devices; browse and test: which one */
                    connection?: string;
                    /** @description Where to begin: a node of OPC UA, a topic filter of MQTT */
                    node?: string;
                    /** @default 5 */
                    wait_s?: number;
                };
            };
        };
        responses: {
            /** @description What it found */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {string} */
                        kind: "preview" | "browse" | "test" | "current";
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    stream: {
        parameters: {
            query?: {
                device?: string;
                types?: ("reading" | "lifecycle" | "command" | "presence" | "alarm")[];
            };
            header?: {
                "Last-Event-ID"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description An event stream */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    self: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The principal */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Principal"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listApiKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Keys, revoked and expired ones included */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["ApiKey"][];
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createApiKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewApiKey"];
            };
        };
        responses: {
            /** @description The key */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKey"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    revokeApiKey: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ApiKey"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listWebhooks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Webhooks */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Webhook"][];
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    createWebhook: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewWebhook"];
            };
        };
        responses: {
            /** @description The webhook */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    removeWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook as it was */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    findPseudonym: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    device_id: string;
                };
            };
        };
        responses: {
            /** @description The pseudonym */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description The pseudonym */
                        device_id: string;
                        /** @description Whether there is such a device */
                        registered: boolean;
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    erasePseudonyms: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether there was a key */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        erased: boolean;
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    issueToken: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewToken"];
            };
        };
        responses: {
            /** @description The token, a JWT; /.well-known/jwks.json has the key that checks it */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        token: string;
                        /** Format: date-time */
                        expires_at: string;
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    listIdentities: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Identities of the tenant */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["Identity"][];
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    claimIdentity: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                kind: components["parameters"]["IdentityKind"];
                id: components["parameters"]["IdentityId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * @description Until it expires
                     * @default 60
                     */
                    minutes?: number;
                };
            };
        };
        responses: {
            /** @description The code, in this answer and nowhere else */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        kind: string;
                        id: string;
                        claim: string;
                        /** Format: date-time */
                        expires_at: string;
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    revokeIdentity: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path: {
                kind: components["parameters"]["IdentityKind"];
                id: components["parameters"]["IdentityId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description The identity */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Identity"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
    enroll: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["Enrolment"];
        responses: {
            201: components["responses"]["Certificate"];
            default: components["responses"]["Problem"];
        };
    };
    renew: {
        parameters: {
            query?: never;
            header?: {
                /** @description Of your choice, new for each request; the same again when an answer did not come */
                "Idempotency-Key"?: components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: components["requestBodies"]["SigningRequest"];
        responses: {
            201: components["responses"]["Certificate"];
            default: components["responses"]["Problem"];
        };
    };
    audit: {
        parameters: {
            query?: {
                /** @description Inclusive; default a day before `to` */
                from?: string;
                /** @description Exclusive; default now */
                to?: string;
                actor?: string;
                action?: string;
                outcome?: "allowed" | "refused";
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Entries of the audit log */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: components["schemas"]["AuditEntry"][];
                    };
                };
            };
            default: components["responses"]["Problem"];
        };
    };
}
