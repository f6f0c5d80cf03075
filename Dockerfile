# One target a stage: docker build --target crawler|labeling|training|app .
# Layers go from what rarely changes to what often does: changed code installs nothing anew.

FROM python:3.11-slim-bookworm AS requirements
# The names alone, stage by stage: what else changes in pyproject.toml installs nothing anew.
WORKDIR /requirements
COPY pyproject.toml ./
RUN python -c "import pathlib, tomllib; \
project = tomllib.loads(pathlib.Path('pyproject.toml').read_text())['project']; \
extras = project['optional-dependencies']; \
lists = {'all': project['dependencies'] + extras['postgres'], **extras}; \
[pathlib.Path(f'{name}.txt').write_text('\n'.join(lists[name])) for name in lists]"

FROM python:3.11-slim-bookworm AS base
# Wheels only: a package that wants a compiler ends the build instead of bringing one along.
# Bytecode would be a tenth of each image; the first start writes it where a read-only root lets it.
ENV PIP_NO_CACHE_DIR=1 \
    PIP_ONLY_BINARY=:all: \
    PIP_ROOT_USER_ACTION=ignore \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/app \
    PYTHONPYCACHEPREFIX=/tmp/pycache \
    MEMEERA_DATA_DIR=/data
# A fixed uid, so that a volume stays readable when the images are built again.
RUN useradd --uid 10001 --create-home memeera && install -d -o memeera -g memeera /data
WORKDIR /app
COPY constraints.txt ./
COPY --from=requirements /requirements/all.txt /requirements/
RUN pip install --no-compile -c constraints.txt -r /requirements/all.txt

FROM base AS crawler
COPY --from=requirements /requirements/crawler.txt /requirements/
RUN pip install --no-compile -c constraints.txt -r /requirements/crawler.txt
COPY core core/
COPY db db/
COPY crawler crawler/
COPY crawler.example.toml ./
ENV MEMEERA_CRAWLER_FILE=/app/crawler.example.toml
USER 10001:10001
VOLUME /data
ENTRYPOINT ["python", "-m", "crawler"]
CMD ["--help"]

FROM base AS labeling
COPY --from=requirements /requirements/labeling.txt /requirements/
RUN pip install --no-compile -c constraints.txt -r /requirements/labeling.txt
COPY core core/
COPY db db/
COPY labeling labeling/
USER 10001:10001
VOLUME /data
EXPOSE 8501
# Past any proxy that the crawler was given: this address is our own.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:8501/_stcore/health', timeout=5)"]
ENTRYPOINT ["python", "-m", "labeling"]
CMD ["--host", "0.0.0.0", "--port", "8501"]

FROM base AS training
ENV MPLCONFIGDIR=/tmp/matplotlib
COPY --from=requirements /requirements/training.txt /requirements/
RUN pip install --no-compile -c constraints.txt -r /requirements/training.txt
COPY core core/
COPY db db/
COPY training training/
COPY models/starter models/starter/
USER 10001:10001
VOLUME /data
ENTRYPOINT ["python", "-m", "training"]
CMD ["--help"]

FROM base AS app
COPY --from=requirements /requirements/app.txt /requirements/
RUN pip install --no-compile -c constraints.txt -r /requirements/app.txt
COPY app app/
COPY core core/
COPY db db/
COPY training training/
COPY models/starter models/starter/
COPY memeEraML.py ./
USER 10001:10001
VOLUME /data
EXPOSE 8502
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import ProxyHandler, build_opener; build_opener(ProxyHandler({})).open('http://127.0.0.1:8502/healthz', timeout=5)"]
ENTRYPOINT ["python", "memeEraML.py"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8502"]
