# The operator's image. Built where an engine is at hand: docker build -t chippool .
# The first stage has the C compiler that the core is compiled with (docs/adr/0015).
FROM python:3.13 AS build
WORKDIR /src
ENV HATCH_BUILD_HOOK_ENABLE_MYPYC=1
RUN pip install --no-cache-dir uv==0.13.9
COPY pyproject.toml uv.lock README.md LICENSE ./
COPY operator operator
RUN uv export --frozen --no-dev --no-emit-project -o requirements.txt \
 && python -m venv /app && /app/bin/pip install --no-cache-dir -r requirements.txt .

# Nothing of it is written to: it runs with a read-only root file system, and as nobody in particular.
FROM python:3.13-slim
LABEL org.opencontainers.image.title=chippool \
      org.opencontainers.image.description="The Kubernetes operator for scarce accelerators" \
      org.opencontainers.image.licenses=Apache-2.0
COPY --from=build /app /app
USER 65532:65532
ENV PATH=/app/bin:$PATH PYTHONDONTWRITEBYTECODE=1
ENTRYPOINT ["chippool"]
CMD ["run"]
