{{/* The address of one of our images. Takes `root` and `name`. */}}
{{- define "ads.image" -}}
{{- $images := .root.Values.images -}}
{{ $images.registry }}/{{ .name }}:{{ $images.tag | default .root.Chart.AppVersion }}
{{- with index $images.digests .name }}@{{ . }}{{ end }}
{{- end }}

{{/* The address of the API as players see it. */}}
{{- define "ads.publicUrl" -}}
{{- if .Values.publicUrl }}{{ .Values.publicUrl }}
{{- else }}https://{{ required "Set host to the host name of the API, or publicUrl to its address." .Values.host }}
{{- end }}
{{- end }}

{{/* The host of a server: its Service, or its host outside of the cluster. Takes `root` and `name`. */}}
{{- define "ads.serverHost" -}}
{{- $server := index .root.Values .name -}}
{{- if $server.bundled }}{{ .name }}
{{- else }}{{ required (printf "Set %s.host to the address of the server." .name) $server.host }}
{{- end }}
{{- end }}

{{/* The variables of the services as YAML. */}}
{{- define "ads.config" -}}
{{- toYaml (mergeOverwrite (fromYaml (include "ads.defaults" .)) .Values.config) }}
{{- end }}

{{/* Changes with the version and with each value: a Job cannot be changed, so each change has a Job of its own. */}}
{{- define "ads.migration" -}}
{{ list .Chart.AppVersion .Values | toJson | sha256sum | trunc 8 }}
{{- end }}

{{/* At least 300, or the connections that all pods open at their largest number, in hundreds. */}}
{{- define "ads.maxConnections" -}}
{{- $config := fromYaml (include "ads.config" .) -}}
{{- $pool := int $config.POSTGRES_POOL_SIZE -}}
{{- $exports := int (default 4 $config.MAX_EXPORTS) -}}
{{- $consumers := max (int .Values.consumer.replicas) (int .Values.keda.maxReplicas) -}}
{{- $ingest := mul (add (int .Values.ingest.maxReplicas) 2) (add $pool 5) -}}
{{- $analytics := mul (add (int .Values.analytics.maxReplicas) 2) (add $pool 3 (mul 2 $exports) (div (add $exports 1) 2)) -}}
{{- $consumer := mul (add $consumers 2) (add $pool 1) -}}
{{ max 300 (mul (div (add $ingest $analytics $consumer 4 99) 100) 100) }}
{{- end }}
