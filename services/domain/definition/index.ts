export * from './model';
export * from './group';
export * from './command-check';
export * from './definition';
