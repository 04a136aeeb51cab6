export { type Answer, HttpLine } from './http-line.js';
