/** Style sheets are vite's to bundle; to TypeScript they are nothing. */
declare module '*.css';
/** Vite makes a file of its own of it, and this is where it is served. */
declare module '*?url' {
  const address: string;
  export default address;
}
