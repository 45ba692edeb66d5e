export * from './acls';
export * from './claim';
export * from './identity';
export * from './pseudonym';
