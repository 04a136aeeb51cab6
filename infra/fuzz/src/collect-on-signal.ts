// Loaded into each service before its own code (`node --expose-gc --import`): SIGUSR2 collects the garbage, so that two
// readings of the heap tell what is held and not when it was last collected.
process.on('SIGUSR2', () => {
  (globalThis as { gc?: () => void }).gc?.();
});

export {};
