export * from './command';
export * from './rules';
export * from './states';
