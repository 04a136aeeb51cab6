/** The sign of the product. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 20 20" aria-hidden="true">
      <path d="M4 16v-4M8 16V8M12 16v-6M16 16V4" />
    </svg>
  );
}
