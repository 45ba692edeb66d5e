export * from './batch';
export * from './window';
