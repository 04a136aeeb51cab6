// The HEALTHCHECK of the images: fails unless the service in this container is ready.
const answer = await fetch(`http://127.0.0.1:${process.env.HTTP_PORT}/ready`);
process.exit(answer.ok ? 0 : 1);
