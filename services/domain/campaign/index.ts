export * from './campaign';
export * from './plan';
