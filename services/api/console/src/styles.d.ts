/** Style sheets are vite's to bundle; to TypeScript they are nothing. */
declare module '*.css';
