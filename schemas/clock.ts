/** ms since 1970-01-01 UTC: for what kafkajs does by itself, which nobody hands a time. */
export const sendingTime = (): number => Date.now();
