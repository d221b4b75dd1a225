{{- define "nestjs-vts.fullname" -}}
{{- if contains .Chart.Name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "nestjs-vts.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- /* Workers are not behind the Services of the servers. */ -}}
{{- define "nestjs-vts.workerSelector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}-worker
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "nestjs-vts.labels" -}}
{{ include "nestjs-vts.selector" . }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "nestjs-vts.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "nestjs-vts.fullname" .) }}
{{- else }}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{- /* The arguments of vts. */ -}}
{{- define "nestjs-vts.args" -}}
{{- if and (empty .Values.models.targets) (empty .Values.models.volume) }}
{{- fail "models.targets or models.volume is needed: the addresses of models, or a volume with them." }}
{{- end }}
{{- if and .Values.models.targets .Values.models.volume }}
{{- fail "models.targets and models.volume are both given: leave one out." }}
{{- end }}
- serve
{{- range .Values.models.targets }}
- {{ . | quote }}
{{- end }}
{{- if .Values.models.volume }}
- --models-dir=/mnt/models
{{- end }}
{{- with .Values.models.name }}
- --model-name={{ . }}
{{- end }}
- --host=0.0.0.0
- --port=8080
- --grpc-port=8081
{{- if not .Values.server.page }}
- --no-page
{{- end }}
- --log-format=json
{{- with .Values.server.workers }}
- --workers={{ . }}
{{- end }}
{{- with .Values.server.threads }}
- --threads={{ . }}
{{- end }}
{{- with .Values.server.timeoutMs }}
- --timeout={{ int64 . }}
{{- end }}
{{- range .Values.server.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end }}
