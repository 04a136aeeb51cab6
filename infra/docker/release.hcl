# Builds the images that Compose names for both platforms, with their contents (SBOM) and their origin (provenance), and pushes
# them. infra/docker/README.md has the command.
variable "REGISTRY" {
  description = "Registry and folder of the images, with a slash at the end, such as registry.example.com/team/."
}
variable "ADS_VERSION" {
  description = "Version of the release: the tag of the images."
}
variable "REVISION" {
  description = "Commit that the images are built from."
}
variable "SOURCE" {
  description = "Address of the repository."
}

group "default" {
  targets = ["ingest", "consumer", "analytics", "migrate", "nats"]
}

target "release" {
  platforms = ["linux/amd64", "linux/arm64"]
  attest    = ["type=sbom", "type=provenance,mode=max"]
  args      = { REVISION = REVISION, SOURCE = SOURCE }
}

target "ingest" {
  inherits = ["release"]
  tags     = ["${REGISTRY}ads-metric-tracker/ingest:${ADS_VERSION}"]
}
target "consumer" {
  inherits = ["release"]
  tags     = ["${REGISTRY}ads-metric-tracker/consumer:${ADS_VERSION}"]
}
target "analytics" {
  inherits = ["release"]
  tags     = ["${REGISTRY}ads-metric-tracker/analytics:${ADS_VERSION}"]
}
target "migrate" {
  inherits = ["release"]
  tags     = ["${REGISTRY}ads-metric-tracker/migrate:${ADS_VERSION}"]
}
target "nats" {
  inherits = ["release"]
  tags     = ["${REGISTRY}ads-metric-tracker/nats:${ADS_VERSION}"]
}
