// Loaded into each service before its own code (`node --expose-gc --import`): SIGUSR2 collects the garbage, so that two
// readings of the heap compare held memory and not the time since the last collection.
process.on('SIGUSR2', () => {
  (globalThis as { gc?: () => void }).gc?.();
});

export {};
