export * from './session';
export * from './damping';
export * from './observe';
export * from './judge';
export * from './health';
