export * from './command';
export * from './options';
export * from './rules';
export * from './states';
