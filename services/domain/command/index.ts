export * from './command';
export * from './in-flight';
export * from './input';
export * from './options';
export * from './records';
export * from './rules';
export * from './states';
