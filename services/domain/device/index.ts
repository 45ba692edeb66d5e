export * from './device';
export * from './filter';
export * from './moves';
export * from './request';
export * from './decide';
export * from './records';
