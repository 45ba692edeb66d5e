export * from './actions';
export * from './api-key';
export * from './audit';
export * from './claims';
export * from './decide';
export * from './principal';
